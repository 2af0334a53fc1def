#include "send.h"

#include <algorithm>

namespace portolan {

using layout::Counter;
using layout::FrameType;
using layout::RunKind;
using layout::Verdict;

Sender::Sender(Context& context) : c_(context), transmitter_(context), outlets_(context), chains_(context.region.Links()) {
  touched_.reserve(context.region.Links());
}

uint32_t Sender::Send() {
  const uint32_t runs = std::min(c_.batch.Runs(), layout::MAX_RUNS);
  sent_ = 0;
  for (uint32_t i = 0; i < runs; i++) {
    Run& run = c_.batch.RunAt(i);
    if (run.verdict == uint32_t(Verdict::Forward)) Chain(static_cast<int32_t>(i), run);
  }
  for (const uint32_t link : touched_) SendLink(link);
  touched_.clear();
  if (outlets_.AnyHeld()) SendHeld();
  for (uint32_t i = 0; i < runs; i++) {
    Run& run = c_.batch.RunAt(i);
    if (run.verdict != uint32_t(Verdict::Raw)) continue;
    SendRaw(run, c_.batch.AddressAt(i));
    run.verdict = uint32_t(Verdict::Done);
  }
  Flush();
  return sent_;
}

/// Whether a run's packets are packets of this batch.
bool Sender::IsWhole(const Run& run) const {
  const uint32_t packets = std::min(c_.batch.Packets(), layout::MAX_PACKETS);
  return run.packets <= packets && run.first <= packets - run.packets;
}

/// Hangs a run behind the earlier ones of its link, so that a link's packets leave together and in order.
void Sender::Chain(int32_t index, Run& run) {
  run.verdict = uint32_t(Verdict::Done);
  if (!IsWhole(run)) return;
  if (run.argument == 0 || run.argument >= c_.region.Links()) return c_.counters.Add(Counter::UnknownLink, run.packets);
  LinkChain& chain = chains_[run.argument];
  run.next = -1;
  if (chain.first < 0) {
    chain.first = index;
    touched_.push_back(run.argument);
  } else {
    c_.batch.RunAt(chain.last).next = index;
  }
  chain.last = index;
  chain.packets += run.packets;
}

void Sender::SendLink(uint32_t index) {
  const LinkChain chain = chains_[index];
  chains_[index] = {};
  const Link link = c_.region.LinkAt(index);
  Socket* socket = link.Live() && link.OverUdp() ? c_.sockets.Find(link.Socket()) : nullptr;
  Destination destination;
  destination.link = index;
  if (socket != nullptr && socket->kind == SocketKind::Link)
    destination.length =
        MakeAddress(destination.address, link.AddressFamily(), link.AddressPort(), link.Address(), link.AddressScope());
  if (!link.Live()) return c_.counters.Add(Counter::UnknownLink, chain.packets);
  if (destination.length == 0) return c_.counters.Add(Counter::SendFailed, chain.packets);

  Use(*socket, destination);
  const uint32_t mtu = link.Mtu().Get();
  for (int32_t i = chain.first; i >= 0; i = c_.batch.RunAt(i).next) Collect(c_.batch.RunAt(i), link, mtu);
  SendFrames(link);
}

void Sender::Collect(const Run& run, const Link& link, uint32_t mtu) {
  const uint8_t hops = run.kind == uint32_t(RunKind::Data) ? 1 : 0;
  const uint32_t end = run.first + run.packets;
  for (uint32_t i = run.first, count; i < end; i += count) {
    const Packet packet = c_.batch.PacketAt(i);
    count = RowAt(i, end);
    uint8_t* at = Admit(packet, count, hops, mtu);
    if (at == nullptr) continue;
    const Row row = {at, packet.length, count, hops};
    if (packet.length > layout::BASE_MTU && row.TypeIs(FrameType::Hello))
      SendProbes(link, row);
    else
      TakeRow(row, [&] { SendFrames(link); });
  }
}

/// How many packets from `packet` on, and before `end`, lie one behind the other and have one length.
uint32_t Sender::RowAt(uint32_t packet, uint32_t end) const {
  const Packet first = c_.batch.PacketAt(packet);
  uint32_t count = 1;
  while (packet + count < end && count < TAG_BATCH && c_.batch.PacketAt(packet + count).length == first.length &&
         c_.batch.PacketAt(packet + count).offset == first.offset + count * first.length)
    count++;
  return count;
}

/// Where a row of `count` frames lies that may leave by a link of this MTU; nothing when they may not, which is counted. All frames of a run
/// have the type and the TTL of its first one (ts/memory/batch.ts). Of a row that does not lie within one block only the first is judged.
uint8_t* Sender::Admit(const Packet& first, uint32_t& count, uint8_t hops, uint32_t mtu) {
  const bool whole = first.length >= layout::HEADERS_BYTES;
  if (!whole || !c_.blocks.Holds(first.offset, uint64_t{count} * first.length)) count = 1;
  if (!whole || !c_.blocks.Holds(first.offset, first.length)) {
    c_.counters.Add(Counter::SendFailed);
    return nullptr;
  }
  uint8_t* at = c_.blocks.Base() + first.offset;
  const bool hello = (at[layout::OFFSET_VERSION_TYPE] & 15) == uint8_t(FrameType::Hello);  // probes the MTU
  if (first.length > mtu && !hello) {
    c_.counters.Add(Counter::Oversize, count);
    return nullptr;
  }
  if (at[layout::OFFSET_TTL] <= hops && hops > 0) {  // the route stage has seen to it: this is the last guard
    c_.counters.Add(Counter::TtlExceeded, count);
    return nullptr;
  }
  return at;
}

/// Takes a row into hand, in parts where it is more than one batch of tags; `empty` empties the hand.
template <class Empty>
void Sender::TakeRow(Row row, Empty empty) {
  while (row.count > 0) {
    if (framesInHand_ == TAG_BATCH) empty();
    Row part = row;
    part.count = std::min(row.count, static_cast<uint32_t>(TAG_BATCH) - framesInHand_);
    rows_[rowsInHand_++] = part;
    framesInHand_ += part.count;
    row.at += size_t{part.count} * row.length;
    row.count -= part.count;
  }
}

void Sender::Seal(uint32_t index) {
  if (index >= std::min(c_.batch.Runs(), layout::MAX_RUNS)) return;
  Run& run = c_.batch.RunAt(index);
  if (run.verdict != uint32_t(Verdict::Forward)) return;
  run.verdict = uint32_t(Verdict::Done);
  if (!IsWhole(run)) return;
  if (run.argument == 0 || run.argument >= c_.region.Links()) return c_.counters.Add(Counter::UnknownLink, run.packets);
  const Link link = c_.region.LinkAt(run.argument);
  if (!link.Live()) return c_.counters.Add(Counter::UnknownLink, run.packets);
  if (!link.OverUdp()) return c_.counters.Add(Counter::SendFailed, run.packets);

  const bool forwarded = run.kind == uint32_t(RunKind::Data);
  const uint8_t hops = forwarded ? 1 : 0;
  const uint32_t mtu = link.Mtu().Get();
  uint32_t kept = 0;
  const uint32_t end = run.first + run.packets;
  for (uint32_t i = run.first, count; i < end; i += count) {
    const Packet packet = c_.batch.PacketAt(i);
    count = RowAt(i, end);
    uint8_t* at = Admit(packet, count, hops, mtu);
    if (at == nullptr) continue;
    for (uint32_t n = 0; n < count; n++) c_.batch.PacketAt(run.first + kept++) = c_.batch.PacketAt(i + n);
    TakeRow({at, packet.length, count, hops}, [&] { SealFrames(link, forwarded); });
  }
  SealFrames(link, forwarded);
  run.packets = kept;
  if (kept == 0) return;
  run.frame = c_.batch.PacketAt(run.first).offset;
  RunAddress& to = c_.batch.AddressAt(index);
  to.family = link.AddressFamily();
  to.port = link.AddressPort();
  std::copy_n(link.Address(), sizeof(to.bytes), to.bytes);
  to.scope = link.AddressScope();
  to.socket = run.argument = link.Socket();
  run.kind = uint32_t(RunKind::Origin);
  run.verdict = uint32_t(Verdict::Raw);
}

/// Writes the headers of the frames in hand, which count as sent into the link from here on.
void Sender::SealFrames(const Link& link, bool forwarded) {
  if (framesInHand_ == 0) return;
  WriteHeaders(link, link.TransmitCounter().AddAtomically(framesInHand_));
  uint64_t bytes = 0;
  bool data = false;
  for (uint32_t i = 0; i < rowsInHand_; i++) {
    bytes += uint64_t{rows_[i].count} * rows_[i].length;
    data |= rows_[i].TypeIs(FrameType::Data);
  }
  link.SentFrames().AddAtomically(framesInHand_);
  link.SentBytes().AddAtomically(bytes);
  if (data) link.LastDataSent().Set(c_.now);
  if (forwarded) c_.counters.Add(Counter::Forwarded, framesInHand_);
  framesInHand_ = rowsInHand_ = 0;
}

/// A probe of the MTU goes in a message of its own: as a segment of a larger one it might pass where a datagram of its size does not.
void Sender::SendProbes(const Link& link, const Row& probes) {
  SendFrames(link);
  for (uint32_t i = 0; i < probes.count; i++) {
    gather_.End();
    TakeRow({probes.at + size_t{i} * probes.length, probes.length, 1, probes.hops}, [] {});
    SendFrames(link);
  }
  gather_.End();
}

/// Writes the headers of the frames in hand and gathers them. Their counters are reserved by one atomic addition.
void Sender::SendFrames(const Link& link) {
  if (framesInHand_ == 0) return;
  WriteHeaders(link, link.TransmitCounter().AddAtomically(framesInHand_));
  bool data = false;
  for (uint32_t i = 0; i < rowsInHand_; i++) {
    const Row& row = rows_[i];
    AddRow(row.at, row.length, row.count, row.hops > 0);
    data |= row.TypeIs(FrameType::Data);
  }
  if (data) link.LastDataSent().Set(c_.now);
  framesInHand_ = rowsInHand_ = 0;
}

/// The header is put together in registers and stored once, so that hashing it does not wait for stores of single fields.
void Sender::WriteHeaders(const Link& link, uint64_t counter) {
  const SipKey key = link.TransmitKey();
  const bool tagged = link.Tagged();
  const uint64_t number = uint64_t{__builtin_bswap32(link.PeerNumber())} << 32;
  uint32_t i = 0;
  for (uint32_t r = 0; r < rowsInHand_; r++) {
    const Row& row = rows_[r];
    const uint32_t hops = uint32_t{row.hops} << 8 * layout::OFFSET_TTL;
    uint8_t* at = row.at;
    for (const uint32_t end = i + row.count; i < end; i++, at += row.length) {
      // Since the frame was received, many others' headers have passed through the first level of the cache.
      __builtin_prefetch(at + size_t{PREFETCH_FRAMES} * row.length, 1);
      __builtin_prefetch(at + size_t{PREFETCH_FRAMES} * row.length + layout::HEADERS_BYTES - 1, 1);
      const uint64_t word0 = (Load32(at) - hops) | number;
      const uint64_t word1 =
          Load32(at + layout::OFFSET_LABEL) | uint64_t{__builtin_bswap32(static_cast<uint32_t>(counter + i))} << 32;
      tags_.words[0][i] = word0;
      tags_.words[1][i] = word1;
      tags_.words[2][i] = Load64(at + 24);
      tags_.words[3][i] = Load64(at + 32);
      tags_.words[4][i] = Load64(at + 40);
      tags_.words[5][i] = LastTagWord((counter + i) >> 32);
      Store64(at, word0);
      Store64(at + 8, word1);
    }
  }
  if (tagged) {
    tags_.FillKeys(key, framesInHand_);
    c_.tags.Run(tags_, framesInHand_);
  }
  WriteTags(key, tagged, counter);
}

void Sender::WriteTags(SipKey key, bool tagged, uint64_t counter) {
  uint32_t i = 0;
  for (uint32_t r = 0; r < rowsInHand_; r++) {
    const Row& row = rows_[r];
    const bool data = row.TypeIs(FrameType::Data);
    uint8_t* at = row.at;
    for (const uint32_t end = i + row.count; i < end; i++, at += row.length) {
      uint64_t tag = 0;
      if (tagged) tag = data ? tags_.tags[i] : FrameTag(key, at, row.length, (counter + i) >> 32);
      Store64(at + layout::OFFSET_TAG, tag);
    }
  }
}

/// Sends packets as they are: handshakes from a listening socket, datagrams of port forwards from their own.
void Sender::SendRaw(const Run& run, const RunAddress& to) {
  if (!IsWhole(run)) return;
  Socket* socket = c_.sockets.Find(run.argument);
  Destination destination;
  destination.length = MakeAddress(destination.address, to.family, to.port, to.bytes, to.scope);
  if (socket == nullptr || destination.length == 0) return c_.counters.Add(Counter::SendFailed, run.packets);
  if (socket->kind == SocketKind::Local)
    if (LocalOutlets::Outlet* outlet = outlets_.Find(*socket, destination)) return SendThrough(*outlet, *socket, run);
  Use(*socket, destination);
  for (uint32_t i = run.first; i < run.first + run.packets; i++) {
    const Packet packet = c_.batch.PacketAt(i);
    if (c_.blocks.Holds(packet.offset, packet.length))
      AddRow(c_.blocks.Base() + packet.offset, packet.length, 1, false);
    else
      c_.counters.Add(Counter::SendFailed);
  }
}

/// Sends to a program on this machine what its socket has room for; the rest is held.
void Sender::SendThrough(LocalOutlets::Outlet& outlet, Socket& socket, const Run& run) {
  if (outlets_.IsShort(outlet, run.packets, c_.batch.PacketAt(run.first).length)) {
    Flush();
    outlets_.Ask(outlet);
  }
  Use(socket, outlet.destination);
  for (uint32_t i = run.first; i < run.first + run.packets; i++) {
    const Packet packet = c_.batch.PacketAt(i);
    uint8_t* at = c_.blocks.Base() + packet.offset;
    if (!c_.blocks.Holds(packet.offset, packet.length))
      c_.counters.Add(Counter::SendFailed);
    else if (outlets_.Admit(outlet, packet.length))
      AddRow(at, packet.length, 1, false);
    else
      outlets_.Hold(outlet, at, packet.length);
  }
}

/// Sends what was held and has room now.
void Sender::SendHeld() {
  Flush();
  outlets_.Retry(
      [this](const LocalOutlets::Outlet& outlet, const LocalOutlets::Packet& packet) {
        Socket* socket = c_.sockets.Find(outlet.socket);
        if (socket_ != socket) Use(*socket, outlet.destination);
        AddRow(packet.at, packet.length, 1, false);
      },
      [this] { Flush(); });
}

void Sender::Drop(Socket& socket) {
  outlets_.Remove(socket.number);
  transmitter_.DropPending(socket);
}

void Sender::Use(Socket& socket, const Destination& destination) {
  gather_.End();
  if (socket_ != &socket || !gather_.HasRoom()) Flush();
  socket_ = &socket;
  gather_.Begin(destination, socket.gso);
}

void Sender::AddRow(uint8_t* at, uint32_t length, uint32_t count, bool forwarded) {
  while (count > 0) {
    if (!gather_.HasRoom()) {
      const Destination destination = gather_.LastDestination();
      Socket& socket = *socket_;
      Flush();
      Use(socket, destination);
    }
    const uint32_t taken = gather_.AddRow(at, length, count, forwarded);
    at += size_t{taken} * length;
    count -= taken;
  }
}

void Sender::Flush() {
  if (socket_ != nullptr) sent_ += transmitter_.Send(*socket_, gather_);
  socket_ = nullptr;
}

}  // namespace portolan
