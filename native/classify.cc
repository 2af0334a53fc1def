#include "classify.h"

#include <algorithm>

#include "held_link.h"

namespace portolan {

using layout::Counter;
using layout::FrameType;
using layout::RunKind;

void Classifier::Take(uint32_t offset, uint32_t length, uint32_t segment, const SocketAddress& from, uint32_t socket) {
  const uint32_t step = std::max(segment, 1u);
  // An empty datagram is a frame too: a truncated one.
  c_.counters.Add(Counter::Received, std::max((length + step - 1) / step, 1u));
  c_.counters.Add(Counter::ReceivedBytes, length);
  c_.batch.Largest() = std::max(c_.batch.Largest(), std::min(step, length));
  const uint8_t* base = c_.blocks.Base() + offset;
  uint32_t at = 0;
  do {
    if (taken_ == TAG_BATCH) Finish();
    const uint8_t* frame = base + at;
    // A header lies in one or two lines, which the kernel's copy has left in the second level of the cache.
    __builtin_prefetch(frame + PREFETCH_FRAMES * step);
    __builtin_prefetch(frame + PREFETCH_FRAMES * step + layout::HEADERS_BYTES - 1);
    const uint32_t frameLength = std::min(step, length - at);
    // Mostly a frame begins like the one before it.
    if (link_.seen && frameLength >= layout::HEADERS_BYTES && frameLength <= layout::MAX_MTU && Load64(frame) == link_.word0)
      Data(offset + at, frameLength, frame, link_.word0, true);
    else
      Frame(offset + at, frameLength, from, socket);
    at += step;
  } while (at < length);
}

void Classifier::Frame(uint32_t offset, uint32_t length, const SocketAddress& from, uint32_t socket) {
  Counters& counters = c_.counters;
  if (length < layout::HEADERS_BYTES) return counters.Add(Counter::Truncated);
  const uint8_t* frame = c_.blocks.Base() + offset;
  const uint64_t word0 = Load64(frame);
  if ((word0 >> 4 & 15) != layout::WIRE_VERSION) return counters.Add(Counter::BadVersion);
  const auto type = static_cast<FrameType>(word0 & 15);
  if (type > FrameType::Handshake) return counters.Add(Counter::BadType);

  const uint32_t number = __builtin_bswap32(word0 >> 32);
  if (type == FrameType::Handshake) {
    if (MayHandshake(number, frame, length)) NotData(offset, length, RunKind::Handshake, from, socket);
    return;
  }
  if (number != link_.number) LookUp(number);
  if (!link_.known) return counters.Add(Counter::UnknownLink);
  if (length > layout::MAX_MTU && type != FrameType::Hello) return counters.Add(Counter::Oversize);

  if (type == FrameType::Data) {
    link_.seen = true;
    link_.word0 = word0;
    return Data(offset, length, frame, word0, false);
  }
  const uint64_t counter = InferCounter(link_.highest, __builtin_bswap32(Load32(frame + layout::OFFSET_COUNTER)));
  Candidate& candidate = candidates_[taken_];
  candidate.counter = counter;
  candidate.link = link_.index;
  candidate.tagged = link_.tagged;
  Other& other =
      NotData(offset, length, type == FrameType::Hello ? RunKind::Hello : RunKind::Control, from, socket);
  if (link_.tagged) other.tag = FrameTag(link_.key, frame, length, counter >> 32);
}

/// Takes a data frame of the link in hand. Its tag is computed with those of others. `follows`: the candidate before it, if there is one, is
/// a data frame of the same link with the same first word.
inline void Classifier::Data(uint32_t offset, uint32_t length, const uint8_t* frame, uint64_t word0, bool follows) {
  const uint32_t column = taken_++;
  const uint64_t word1 = Load64(frame + 8), word2 = Load64(frame + 24), word3 = Load64(frame + 32);
  const uint64_t counter = InferCounter(link_.highest, __builtin_bswap32(word1 >> 32));
  const bool alike = follows && column > 0 && word2 == tags_.words[2][column - 1] &&
                     static_cast<uint32_t>(word1) == static_cast<uint32_t>(tags_.words[1][column - 1]) &&
                     word3 >> 32 == tags_.words[3][column - 1] >> 32;
  candidates_[column] = {offset, length, counter, static_cast<uint16_t>(link_.index), link_.tagged, true, alike, 0};
  tags_.words[0][column] = word0;
  tags_.words[1][column] = word1;
  tags_.words[2][column] = word2;
  tags_.words[3][column] = word3;
  if (!link_.tagged) return;
  carried_[column] = Load64(frame + layout::OFFSET_TAG);
  tags_.words[4][column] = Load64(frame + 40);
  tags_.words[5][column] = LastTagWord(counter >> 32);
  tags_.k0[column] = link_.key.k0;
  tags_.k1[column] = link_.key.k1;
  toTag_ = taken_;
}

Classifier::Other& Classifier::NotData(uint32_t offset, uint32_t length, RunKind kind, const SocketAddress& from,
                                       uint32_t socket) {
  Candidate& candidate = candidates_[taken_++];
  candidate.offset = offset;
  candidate.length = length;
  candidate.data = false;
  if (kind == RunKind::Handshake) candidate.tagged = false;
  candidate.other = static_cast<uint16_t>(others_);
  Other& other = otherOf_[others_++];
  other = {kind, socket, 0, &from};
  return other;
}

bool Classifier::MayHandshake(uint32_t number, const uint8_t* frame, uint32_t length) {
  const std::optional<Counter> refused =
      number == layout::NO_LINK ? gate_.Judge(c_, frame, length) : Counter::UnknownLink;
  if (refused) c_.counters.Add(*refused);
  return !refused;
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
  link_.key = link.ReceiveKey();
  link_.highest = link.Highest().Get();
}

void Classifier::Finish() {
  if (taken_ == 0) return;
  if (toTag_ > 0) c_.tags.Run(tags_, toTag_);
  {
    HeldLink held(c_);
    uint32_t rowEnd = 0;  // the frames before it, from i on, are known to be a row
    for (uint32_t i = 0; i < taken_; i++) {
      const Candidate& candidate = candidates_[i];
      if (i >= rowEnd) rowEnd = i + RowAt(i);
      const uint32_t row = rowEnd - i;
      if (row > 1 && held.WindowOf(candidate.link).AcceptRow(candidate.counter, row)) {
        // All are of one length, but the last may be shorter.
        const uint64_t bytes = uint64_t{candidate.length} * (row - 1) + candidates_[i + row - 1].length;
        held.Count(row, bytes, true);
        if (!AppendRow(i, row)) c_.counters.Add(Counter::Truncated, row);
        i += row - 1;
        continue;
      }
      if (candidate.tagged && !IsTagGood(i)) {
        c_.counters.Add(Counter::BadTag);
        continue;
      }
      if (candidate.data || otherOf_[candidate.other].kind != RunKind::Handshake) {
        if (!held.WindowOf(candidate.link).Accept(candidate.counter)) {
          c_.counters.Add(Counter::Replayed);
          continue;
        }
        held.Count(1, candidate.length, candidate.data);
      }
      if (!Append(i)) c_.counters.Add(Counter::Truncated);
    }
  }
  taken_ = toTag_ = others_ = 0;
  link_ = {};  // its highest counter has moved
}

/// How many good data frames from `i` on go into one run, with counters and lengths as if one sender had cut them from one piece.
inline uint32_t Classifier::RowAt(uint32_t i) const {
  const Candidate& first = candidates_[i];
  if (!first.data || (first.tagged && !IsTagGood(i))) return 0;
  uint32_t row = 1;
  while (i + row < taken_) {
    const Candidate& next = candidates_[i + row];
    const bool goesOn = next.data && next.alike && next.counter == first.counter + row && next.length <= first.length &&
                        (!next.tagged || IsTagGood(i + row));
    if (!goesOn) break;
    row++;
    if (next.length < first.length) break;
  }
  return row;
}

inline bool Classifier::IsTagGood(uint32_t i) const {
  const Candidate& candidate = candidates_[i];
  if (candidate.data) return carried_[i] == tags_.tags[i];
  return Load64(c_.blocks.Base() + candidate.offset + layout::OFFSET_TAG) == otherOf_[candidate.other].tag;
}

/// Adds a row of good frames that belong into one run. False when the batch is full.
inline bool Classifier::AppendRow(uint32_t i, uint32_t count) {
  Batch& batch = c_.batch;
  if (batch.Packets() + count > MAX_RECEIVED || !Append(i)) return false;
  const uint32_t packet = batch.Packets();
  for (uint32_t n = 1; n < count; n++)
    batch.PacketAt(packet + n - 1) = {candidates_[i + n].offset, candidates_[i + n].length};
  batch.Packets() = packet + count - 1;
  batch.RunAt(batch.Runs() - 1).packets += count - 1;
  return true;
}

/// Adds a good frame to the batch: to its last run when it is decided like that, else as a run of its own.
inline bool Classifier::Append(uint32_t i) {
  const Candidate& candidate = candidates_[i];
  Batch& batch = c_.batch;
  const uint32_t packet = batch.Packets();
  if (packet >= MAX_RECEIVED) return false;
  batch.PacketAt(packet) = {candidate.offset, candidate.length};
  batch.Packets() = packet + 1;

  const uint32_t runs = batch.Runs();
  const uint64_t words[4] = {tags_.words[0][i], tags_.words[1][i] & UINT32_MAX, tags_.words[2][i], tags_.words[3][i] >> 32};
  if (candidate.data && runs > 0) {
    Run& last = batch.RunAt(runs - 1);
    const uint64_t difference = (words[0] ^ runWords_[0]) | (words[1] ^ runWords_[1]) | (words[2] ^ runWords_[2]) |
                                (words[3] ^ runWords_[3]) | (last.link ^ candidate.link);
    if (difference == 0 && last.kind == uint32_t(RunKind::Data)) {
      last.packets++;
      return true;
    }
  }
  batch.Runs() = runs + 1;
  Run& run = batch.RunAt(runs);
  run = {uint32_t(RunKind::Data), packet, 1, candidate.link, candidate.offset, 0, 0, -1};
  if (candidate.data) {
    std::copy(words, words + 4, runWords_);
    return true;
  }
  const Other& other = otherOf_[candidate.other];
  run.kind = uint32_t(other.kind);
  if (other.kind != RunKind::Handshake) return true;
  run.link = 0;
  WriteAddress(runs, *other.from, other.socket);
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

bool Classifier::TakeRefused(uint32_t socket) {
  Batch& batch = c_.batch;
  const uint32_t runs = batch.Runs();
  if (runs >= MAX_RECEIVED) return false;
  batch.RunAt(runs) = {uint32_t(RunKind::Refused), batch.Packets(), 0, socket, 0, 0, 0, -1};
  batch.Runs() = runs + 1;
  return true;
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
