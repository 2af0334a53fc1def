#include "transmit.h"

#include <algorithm>

namespace portolan {

using layout::Counter;

uint32_t Transmitter::Send(Socket& socket, Gather& gather) {
  gather.End();
  uint32_t taken = 0;
  const uint32_t messages = gather.Messages();
  bool full = !socket.pending.empty();  // what waits goes first
  for (uint32_t next = 0; next < messages;) {
    if (full) {
      taken += Keep(socket, gather.Headers()[next].msg_hdr, gather.FactsOf(next), gather.DestinationOf(next));
      next++;
      continue;
    }
    const int sent = sendmmsg(socket.fd, gather.Headers() + next, messages - next, MSG_DONTWAIT);
    if (sent > 0) {
      for (const uint32_t end = next + sent; next < end; next++) {
        Count(socket, gather.FactsOf(next), gather.DestinationOf(next));
        taken += gather.FactsOf(next).packets;
      }
      continue;
    }
    if (sent == 0 || errno == EINTR) continue;
    // That was about an earlier datagram, and is said once: this one has not been tried yet.
    if (errno == ECONNREFUSED && socket.kind == SocketKind::Local) {
      socket.refused = socket.readable = true;
      continue;
    }
    const Outcome outcome =
        Refused(socket, gather.Headers()[next].msg_hdr, gather.FactsOf(next), gather.DestinationOf(next), errno);
    if (outcome == Outcome::Full) {
      full = true;
      continue;
    }
    if (outcome == Outcome::Taken) taken += gather.FactsOf(next).packets;
    next++;
  }
  gather.Clear();
  return taken;
}

Transmitter::Outcome Transmitter::Refused(Socket& socket, const msghdr& message, const MessageFacts& facts,
                                          const Destination& destination, int error) {
  if (error == EAGAIN || error == EWOULDBLOCK) return Outcome::Full;
  const bool offload = facts.packets > 1 && (error == EINVAL || error == EIO || error == EMSGSIZE);
  if (offload) return SendPlainly(socket, message, facts, destination, error);
  Fail(message, facts, destination, error);
  return Outcome::Refused;
}

/// Sends each segment of a message that segmentation offload could not send as a datagram of its own.
Transmitter::Outcome Transmitter::SendPlainly(Socket& socket, const msghdr& message, const MessageFacts& facts,
                                              const Destination& destination, int error) {
  c_.counters.Add(Counter::GsoFallbacks);
  bool all = true;
  uint32_t left = facts.packets, forwardedLeft = facts.forwarded;
  for (size_t piece = 0; piece < message.msg_iovlen; piece++) {
    auto* at = static_cast<uint8_t*>(message.msg_iov[piece].iov_base);
    for (size_t rest = message.msg_iov[piece].iov_len; rest > 0; left--) {
      iovec segment = {at, std::min<size_t>(rest, facts.segment)};
      msghdr plain = {};
      plain.msg_name = message.msg_name;
      plain.msg_namelen = message.msg_namelen;
      plain.msg_iov = &segment;
      plain.msg_iovlen = 1;
      const uint32_t length = static_cast<uint32_t>(segment.iov_len);
      // Of the message's packets the first ones count as forwarded: only their number is kept.
      const MessageFacts one = {1, length, forwardedLeft > 0 ? 1u : 0u, length};
      if (forwardedLeft > 0) forwardedLeft--;
      if (sendmsg(socket.fd, &plain, MSG_DONTWAIT) >= 0) {
        Count(socket, one, destination);
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        Keep(socket, plain, one, destination);
        all = false;
      } else {
        Fail(plain, one, destination, errno);
        all = false;
      }
      at += length;
      rest -= length;
    }
  }
  if (all && ++socket.gsoFailures >= GSO_FAILURES) LoseGso(socket, error);
  return Outcome::Taken;
}

void Transmitter::Fail(const msghdr& message, const MessageFacts& facts, const Destination& destination, int error) {
  if (error != EMSGSIZE) return c_.counters.Add(Counter::SendFailed, facts.packets);
  // A probe asks whether its size passes, and has its answer: frames of the link's MTU may go on.
  const auto* frame = static_cast<const uint8_t*>(message.msg_iov[0].iov_base);
  const bool probe = destination.link != 0 && (frame[layout::OFFSET_VERSION_TYPE] & 15) == uint8_t(layout::FrameType::Hello);
  if (probe) return c_.counters.Add(Counter::ProbeTooBig, facts.packets);
  LowerMtu(destination.link, facts.segment);
  c_.counters.Add(Counter::Oversize, facts.packets);
}

/// What goes by the local sockets of port forwards is counted by the stages.
void Transmitter::Count(const Socket& socket, const MessageFacts& facts, const Destination& destination) {
  if (socket.kind == SocketKind::Local) return;
  c_.counters.Add(Counter::SendCalls);
  c_.counters.Add(Counter::Sent, facts.packets);
  c_.counters.Add(Counter::SentBytes, facts.bytes);
  c_.counters.Add(Counter::Forwarded, facts.forwarded);
  if (destination.link == 0) return;
  const Link link = c_.region.LinkAt(destination.link);
  link.SentFrames().AddAtomically(facts.packets);
  link.SentBytes().AddAtomically(facts.bytes);
}

/// Keeps a message until the socket takes more, with its blocks. Returns its packets, 0 when there is no room.
uint32_t Transmitter::Keep(Socket& socket, const msghdr& message, const MessageFacts& facts, const Destination& destination) {
  const bool room = socket.pendingPackets + facts.packets <= MAX_PENDING_PACKETS && c_.blocks.Free() > c_.blocks.Blocks() / 2;
  if (!room) {
    c_.counters.Add(Counter::EgressFull, facts.packets);
    return 0;
  }
  PendingMessage kept = {destination, facts, {message.msg_iov, message.msg_iov + message.msg_iovlen}};
  for (const iovec& piece : kept.pieces) c_.blocks.AddReference(c_.blocks.BlockOf(piece.iov_base));
  socket.pending.push_back(std::move(kept));
  if (socket.pendingPackets == 0) c_.Watch(socket, EPOLL_CTL_MOD, true);
  socket.pendingPackets += facts.packets;
  return facts.packets;
}

void Transmitter::SendPending(Socket& socket) {
  std::deque<PendingMessage> waiting;
  waiting.swap(socket.pending);
  const bool any = !waiting.empty();
  socket.pendingPackets = 0;
  while (!waiting.empty()) {
    PendingMessage& first = waiting.front();
    Gather::Control control;
    msghdr message = {};
    message.msg_name = &first.destination.address;
    message.msg_namelen = first.destination.length;
    message.msg_iov = first.pieces.data();
    message.msg_iovlen = first.pieces.size();
    if (first.facts.packets > 1) {
      message.msg_control = control.bytes;
      message.msg_controllen = Gather::SegmentControl(control, first.facts.segment);
    }
    Outcome outcome = Outcome::Taken;
    if (sendmsg(socket.fd, &message, MSG_DONTWAIT) >= 0)
      Count(socket, first.facts, first.destination);
    else
      outcome = Refused(socket, message, first.facts, first.destination, errno);
    if (outcome == Outcome::Full) break;
    for (const iovec& piece : first.pieces) c_.blocks.Release(c_.blocks.BlockOf(piece.iov_base));
    waiting.pop_front();
    // The plain way may have run into a full socket and kept segments: those go first.
    if (!socket.pending.empty()) break;
  }
  for (PendingMessage& message : waiting) {
    socket.pendingPackets += message.facts.packets;
    socket.pending.push_back(std::move(message));
  }
  if (any && socket.pending.empty()) c_.Watch(socket, EPOLL_CTL_MOD, false);
}

void Transmitter::DropPending(Socket& socket) {
  for (const PendingMessage& message : socket.pending) {
    for (const iovec& piece : message.pieces) c_.blocks.Release(c_.blocks.BlockOf(piece.iov_base));
    c_.counters.Add(Counter::EgressFull, message.facts.packets);
  }
  socket.pending.clear();
  socket.pendingPackets = 0;
}

void Transmitter::LoseGso(Socket& socket, int error) {
  if (!socket.gso) return;
  socket.gso = false;
  socket.reason = std::string("lost at run time: ") + std::strerror(error) + ", and the same packets went plainly";
}

/// The path's first hop takes less than the link's MTU says: back to the MTU that every link has; control probes upwards again.
void Transmitter::LowerMtu(uint32_t index, uint32_t length) {
  if (index == 0) return;
  const Shared<uint32_t> mtu = c_.region.LinkAt(index).Mtu();
  const uint32_t lower = length > layout::BASE_MTU ? layout::BASE_MTU : length - 1;
  uint32_t now = mtu.Get();
  while (now > lower && !mtu.Exchange(now, lower)) {
  }
}

}  // namespace portolan
