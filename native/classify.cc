#include "classify.h"

#include <sched.h>

#include <algorithm>

namespace portolan {

using layout::Counter;
using layout::FrameType;
using layout::RunKind;

/// The lock of one link, held for a row of its frames; the window and the counts of reception belong to the holder.
class Classifier::Held {
 public:
  explicit Held(Context& context) : c_(context) {}
  ~Held() { GiveUp(); }

  ReplayWindow& WindowOf(uint32_t link) {
    if (link != index_) {
      GiveUp();
      Lock(link);
    }
    return window_;
  }

  void Count(const Candidate& candidate) {
    frames_++;
    bytes_ += candidate.length;
    data_ |= candidate.kind == RunKind::Data;
  }

 private:
  void Lock(uint32_t index) {
    index_ = index;
    link_ = c_.region.LinkAt(index);
    for (uint32_t spins = 1;; spins++) {
      uint32_t unlocked = 0;
      if (link_.Lock().Exchange(unlocked, c_.worker + 1)) break;
      if (spins % 64 == 0) sched_yield();  // the holder may have been preempted
    }
    window_ = ReplayWindow(link_.Window(), link_.Highest().Get());
  }

  void GiveUp() {
    if (index_ == 0) return;
    if (frames_ > 0) {
      link_.Highest().Set(window_.Highest());
      link_.ReceivedFrames().AddAlone(frames_);
      link_.ReceivedBytes().AddAlone(bytes_);
      link_.LastHeard().Set(c_.now);
      if (data_) link_.LastDataHeard().Set(c_.now);
    }
    link_.Lock().Set(0, std::memory_order_release);
    index_ = 0;
    frames_ = bytes_ = 0;
    data_ = false;
  }

  Context& c_;
  uint32_t index_ = 0;  // 0 is never a link
  Link link_;
  ReplayWindow window_ = {nullptr, 0};
  uint64_t frames_ = 0, bytes_ = 0;
  bool data_ = false;
};

void Classifier::Take(uint32_t offset, uint32_t length, uint32_t segment, const SocketAddress& from, uint32_t socket) {
  const uint32_t step = std::max(segment, 1u);
  const uint8_t* base = c_.blocks.Base() + offset;
  uint32_t at = 0;
  do {  // an empty datagram is a frame too: a truncated one
    if (taken_ == TAG_BATCH) Finish();
    __builtin_prefetch(base + at + 6 * step);
    Frame(offset + at, std::min(step, length - at), from, socket);
    at += step;
  } while (at < length);
}

void Classifier::Frame(uint32_t offset, uint32_t length, const SocketAddress& from, uint32_t socket) {
  Counters& counters = c_.counters;
  counters.Add(Counter::Received);
  counters.Add(Counter::ReceivedBytes, length);
  if (length < layout::HEADERS_BYTES) return counters.Add(Counter::Truncated);
  const uint8_t* frame = c_.blocks.Base() + offset;
  const uint64_t word0 = Load64(frame);
  if ((word0 >> 4 & 15) != layout::WIRE_VERSION) return counters.Add(Counter::BadVersion);
  const auto type = static_cast<FrameType>(word0 & 15);
  if (type > FrameType::Handshake) return counters.Add(Counter::BadType);

  const uint32_t number = __builtin_bswap32(word0 >> 32);
  Candidate& candidate = candidates_[taken_];
  candidate.offset = offset;
  candidate.length = length;
  candidate.socket = socket;
  candidate.from = &from;
  if (type == FrameType::Handshake) return Handshake(number);
  if (number != link_.number) LookUp(number);
  if (!link_.known) return counters.Add(Counter::UnknownLink);
  if (length > link_.mtu && type != FrameType::Hello) return counters.Add(Counter::Oversize);

  candidate.link = link_.index;
  candidate.tagged = link_.tagged;
  candidate.counter = InferCounter(link_.highest, __builtin_bswap32(Load32(frame + layout::OFFSET_COUNTER)));
  const uint32_t counterHigh = candidate.counter >> 32;
  const uint32_t column = taken_++;
  tags_.words[0][column] = word0;
  tags_.words[1][column] = Load64(frame + 8);
  tags_.words[2][column] = Load64(frame + 24);
  tags_.words[3][column] = Load64(frame + 32);
  if (type == FrameType::Data) {
    candidate.kind = RunKind::Data;
    if (!link_.tagged) return;
    toTag_ = taken_;
    tags_.words[4][column] = Load64(frame + 40);
    tags_.words[5][column] = LastTagWord(counterHigh);
    tags_.k0[column] = link_.key.k0;
    tags_.k1[column] = link_.key.k1;
  } else {
    candidate.kind = type == FrameType::Hello ? RunKind::Hello : RunKind::Control;
    if (link_.tagged) candidate.tag = FrameTag(link_.key, frame, length, counterHigh);
  }
}

void Classifier::Handshake(uint32_t number) {
  if (number != layout::NO_LINK) return c_.counters.Add(Counter::UnknownLink);
  if (c_.now - handshakeSecond_ >= 1000) {
    handshakeSecond_ = c_.now;
    handshakes_ = 0;
  }
  if (handshakes_ == HANDSHAKES_PER_SECOND) return c_.counters.Add(Counter::HandshakeLimited);
  handshakes_++;
  Candidate& candidate = candidates_[taken_++];
  candidate.link = 0;
  candidate.kind = RunKind::Handshake;
  candidate.tagged = false;
}

void Classifier::LookUp(uint32_t number) {
  link_ = {};
  link_.number = number;
  link_.index = number & layout::LINK_INDEX_MASK;
  if (link_.index == 0 || link_.index >= c_.region.Links()) return;
  const Link link = c_.region.LinkAt(link_.index);
  if (!link.Live() || link.OurNumber() != number || !link.OverUdp()) return;
  link_.known = true;
  link_.tagged = link.Tagged();
  link_.mtu = link.Mtu().Get();
  link_.key = link.ReceiveKey();
  link_.highest = link.Highest().Get();
}

void Classifier::Finish() {
  if (taken_ == 0) return;
  if (toTag_ > 0) c_.tags.function(tags_, toTag_);
  {
    Held held(c_);
    for (uint32_t i = 0; i < taken_; i++) {
      const Candidate& candidate = candidates_[i];
      const bool isData = candidate.kind == RunKind::Data;
      if (candidate.tagged) {
        const uint64_t tag = Load64(c_.blocks.Base() + candidate.offset + layout::OFFSET_TAG);
        if (tag != (isData ? tags_.tags[i] : candidate.tag)) {
          c_.counters.Add(Counter::BadTag);
          continue;
        }
      }
      if (candidate.kind != RunKind::Handshake) {
        if (!held.WindowOf(candidate.link).Accept(candidate.counter)) {
          c_.counters.Add(Counter::Replayed);
          continue;
        }
        held.Count(candidate);
      }
      if (!Append(candidate, i)) c_.counters.Add(Counter::Truncated);
    }
  }
  taken_ = 0;
  toTag_ = 0;
  link_ = {};  // its highest counter has moved
}

/// Adds a good frame to the batch: to its last run when it is decided like that, else as a run of its own.
bool Classifier::Append(const Candidate& candidate, uint32_t column) {
  Batch& batch = c_.batch;
  const uint32_t packet = batch.Packets();
  if (packet >= MAX_RECEIVED) return false;
  batch.PacketAt(packet) = {candidate.offset, candidate.length};
  batch.Packets() = packet + 1;

  const uint64_t words[4] = {tags_.words[0][column], tags_.words[1][column] & UINT32_MAX, tags_.words[2][column],
                             tags_.words[3][column] >> 32};
  const uint32_t runs = batch.Runs();
  if (candidate.kind == RunKind::Data && runs > 0) {
    Run& last = batch.RunAt(runs - 1);
    const uint64_t difference = (words[0] ^ runWords_[0]) | (words[1] ^ runWords_[1]) | (words[2] ^ runWords_[2]) |
                                (words[3] ^ runWords_[3]) | (last.link ^ candidate.link);
    if (difference == 0 && last.kind == uint32_t(RunKind::Data)) {
      last.packets++;
      return true;
    }
  }
  std::copy(words, words + 4, runWords_);
  batch.RunAt(runs) = {uint32_t(candidate.kind), packet, 1, candidate.link, candidate.offset, 0, 0, -1};
  if (candidate.kind == RunKind::Handshake) WriteAddress(runs, *candidate.from, candidate.socket);
  batch.Runs() = runs + 1;
  return true;
}

void Classifier::TakeRaw(uint32_t offset, uint32_t length, const SocketAddress& from, uint32_t socket) {
  Batch& batch = c_.batch;
  const uint32_t packet = batch.Packets(), runs = batch.Runs();
  if (packet >= MAX_RECEIVED) return;
  batch.PacketAt(packet) = {offset, length};
  batch.Packets() = packet + 1;
  // The candidate run's address is written where the next run's belongs: it is the next run's, unless it equals the last one's.
  WriteAddress(runs, from, socket);
  if (runs > 0) {
    Run& last = batch.RunAt(runs - 1);
    if (last.kind == uint32_t(RunKind::Raw) && last.link == socket &&
        std::memcmp(&batch.AddressAt(runs - 1), &batch.AddressAt(runs), sizeof(RunAddress)) == 0) {
      last.packets++;
      return;
    }
  }
  batch.RunAt(runs) = {uint32_t(RunKind::Raw), packet, 1, socket, offset, 0, 0, -1};
  batch.Runs() = runs + 1;
}

void Classifier::WriteAddress(uint32_t run, const SocketAddress& from, uint32_t socket) {
  RunAddress address = {};
  address.socket = socket;
  if (from.any.sa_family == AF_INET) {
    address.family = 4;
    address.port = ntohs(from.v4.sin_port);
    std::memcpy(address.bytes, &from.v4.sin_addr, 4);
  } else {
    address.family = 6;
    address.port = ntohs(from.v6.sin6_port);
    std::memcpy(address.bytes, &from.v6.sin6_addr, 16);
    address.scope = from.v6.sin6_scope_id;
  }
  c_.batch.AddressAt(run) = address;
}

}  // namespace portolan
