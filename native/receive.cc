#include "receive.h"

#include <netinet/udp.h>

#include <algorithm>

namespace portolan {

using layout::Counter;

namespace {

constexpr uint32_t CELL_HEADROOM = 64;
constexpr uint32_t CELL_BYTES = 9344;  // a jumbo frame's payload; not a multiple of 4096, so that cells use different cache sets
constexpr uint32_t CELL_ROOM = CELL_BYTES - CELL_HEADROOM;
constexpr uint32_t CELLS = BLOCK_BYTES / CELL_BYTES;
constexpr uint32_t OVERFLOW_BYTES = 65536 - CELL_ROOM;
static_assert(CELL_HEADROOM + 65507 <= BLOCK_BYTES, "the largest datagram fits into a block, behind room for headers");
static_assert(CELL_HEADROOM >= layout::HEADERS_BYTES);

}  // namespace

Intake::Intake(Context& context, Classifier& classifier, bool gro) : c_(context), classifier_(classifier), gro_(gro) {
  if (!gro_) overflow_.reset(new uint8_t[size_t{MAX_RECEIVE_MESSAGES} * OVERFLOW_BYTES]);
  for (uint32_t i = 0; i < MAX_RECEIVE_MESSAGES; i++) {
    headers_[i] = {};
    msghdr& header = headers_[i].msg_hdr;
    header.msg_name = &names_[i];
    if (!gro_) places_[i].pieces[1] = {OverflowOf(i), OVERFLOW_BYTES};
    header.msg_iov = places_[i].pieces;
    header.msg_iovlen = gro_ ? 1 : 2;
    header.msg_control = ancillary_[i].bytes;
    header.msg_namelen = sizeof names_[i];
    header.msg_controllen = sizeof ancillary_[i].bytes;
  }
}

uint32_t Intake::Receive(Socket& socket, uint32_t messages) {
  messages = Arm(std::min(messages, MAX_RECEIVE_MESSAGES));
  if (messages == 0) return 0;
  int received;
  do received = recvmmsg(socket.fd, headers_, messages, MSG_DONTWAIT, nullptr);
  while (received < 0 && errno == EINTR);
  socket.readable = received == static_cast<int>(messages);
  if (received < 0 && errno == ECONNREFUSED) socket.refused = true;
  if (received <= 0) return 0;  // nothing waits; or an error of the network was pending, which reading it has cleared
  if (socket.kind == SocketKind::Link) c_.counters.Add(Counter::ReceiveCalls);
  for (int i = 0; i < received; i++) Take(socket, i, headers_[i].msg_len);
  classifier_.Finish();
  first_ = received;
  return received;
}

/// Puts memory behind the first `messages` messages. Returns how many have some.
uint32_t Intake::Arm(uint32_t messages) {
  for (; first_ > 0; first_--) {
    uint8_t* place = NextPlace();
    if (place == nullptr) break;
    places_[first_ - 1].pieces[0] = {place, gro_ ? BLOCK_BYTES : CELL_ROOM};
  }
  if (first_ > 0) {  // the slab is used up: close the gap
    for (uint32_t i = first_; i < end_; i++) places_[i - first_].pieces[0] = places_[i].pieces[0];
    end_ -= first_;
    first_ = 0;
  }
  while (end_ < messages) {
    uint8_t* place = NextPlace();
    if (place == nullptr) break;
    places_[end_++].pieces[0] = {place, gro_ ? BLOCK_BYTES : CELL_ROOM};
  }
  return std::min(end_, messages);
}

uint8_t* Intake::NextPlace() {
  if (gro_) {
    const int32_t block = c_.blocks.Take();
    return block == NO_BLOCK ? nullptr : c_.blocks.At(block);
  }
  if (cellBlock_ == NO_BLOCK || cellsUsed_ == CELLS) {
    if (cellBlock_ != NO_BLOCK) c_.blocks.Release(cellBlock_);
    cellBlock_ = c_.blocks.Take();
    cellsUsed_ = 0;
    if (cellBlock_ == NO_BLOCK) return nullptr;
  }
  c_.blocks.AddReference(cellBlock_);
  return c_.blocks.At(cellBlock_) + CELL_BYTES * cellsUsed_++ + CELL_HEADROOM;
}

void Intake::Take(Socket& socket, uint32_t message, uint32_t length) {
  msghdr& header = headers_[message].msg_hdr;
  auto* place = static_cast<uint8_t*>(places_[message].pieces[0].iov_base);
  c_.inHand.push_back(c_.blocks.BlockOf(place));
  const uint32_t segment = header.msg_controllen > 0 ? ReadAncillary(socket, header) : 0;
  const bool large = !gro_ && length > CELL_ROOM;
  const bool cutOff = (header.msg_flags & MSG_TRUNC) != 0 || (large && socket.kind == SocketKind::Link);
  header.msg_namelen = sizeof names_[message];
  header.msg_controllen = sizeof ancillary_[message].bytes;

  const uint32_t offset = static_cast<uint32_t>(place - c_.blocks.Base());
  if (socket.kind == SocketKind::Local) {
    if (large && !cutOff)
      TakeLarge(socket, message, length);
    else if (!cutOff)
      classifier_.TakeRaw(offset, length, names_[message], socket.number);
  } else if (cutOff) {
    c_.counters.Add(Counter::Received);
    c_.counters.Add(Counter::ReceivedBytes, length);
    c_.counters.Add(Counter::Truncated);
  } else {
    classifier_.Take(offset, length, segment > 0 ? segment : length, names_[message], socket.number);
  }
}

/// A datagram of a local program that has filled its cell and more: put together in a block of its own.
void Intake::TakeLarge(Socket& socket, uint32_t message, uint32_t length) {
  const int32_t block = c_.blocks.Take();
  if (block == NO_BLOCK) {
    c_.counters.Add(Counter::Originated);
    c_.counters.Add(Counter::EgressFull);
    return;
  }
  c_.inHand.push_back(block);
  uint8_t* at = c_.blocks.At(block) + CELL_HEADROOM;
  std::memcpy(at, places_[message].pieces[0].iov_base, CELL_ROOM);
  std::memcpy(at + CELL_ROOM, OverflowOf(message), length - CELL_ROOM);
  classifier_.TakeRaw(c_.blocks.OffsetOf(block) + CELL_HEADROOM, length, names_[message], socket.number);
}

uint8_t* Intake::OverflowOf(uint32_t message) const { return overflow_.get() + size_t{message} * OVERFLOW_BYTES; }

/// Reads what the kernel says of a message: the size of its segments (returned, 0 when it is one datagram), and how many datagrams it
/// has dropped since the socket was opened.
uint32_t Intake::ReadAncillary(Socket& socket, msghdr& header) {
  uint32_t segment = 0;
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    uint32_t value;
    std::memcpy(&value, CMSG_DATA(item), sizeof value);
    if (item->cmsg_level == SOL_UDP && item->cmsg_type == UDP_GRO) {
      segment = value;
    } else if (item->cmsg_level == SOL_SOCKET && item->cmsg_type == SO_RXQ_OVFL) {
      const uint32_t dropped = value - socket.overflow;  // the kernel's count wraps
      socket.overflow = value;
      socket.overflowTotal += dropped;
      if (socket.kind == SocketKind::Link) c_.counters.Add(Counter::SocketOverflows, dropped);
    }
  }
  return segment;
}

}  // namespace portolan
