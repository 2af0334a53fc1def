// The C++ ends of a queue: the twins of ts/memory/sharedarraybuffer-queue on the same memory (layout.ts there draws it; claims-one.ts,
// claims-many.ts, consumer.ts and sleep.ts carry the proofs, which hold here word for word). Header-only, C++17.
//
// Waiting differs: native code can neither sleep on nor wake Atomics.wait. So it sleeps *elsewhere*: it announces that
// (SleepElsewhere), sleeps in a system call of its own, and is woken by the other end's `wake` function, such as the write of an eventfd.
// Likewise a JavaScript end that faces a native one must sleep elsewhere; one that sleeps in Atomics.wait is left alone.
#pragma once

#include <cstdint>
#include <cstring>
#include <stdexcept>
#include <utility>

namespace portolan {

namespace ring {

inline constexpr uint32_t LINE_WORDS = 32;
inline constexpr uint32_t WORD_MAGIC = 0, WORD_VERSION = 1, WORD_CAPACITY = 2, WORD_MODE = 3;
inline constexpr uint32_t WORD_TAIL = LINE_WORDS;
inline constexpr uint32_t WORD_HEAD_CACHE = 2 * LINE_WORDS;
inline constexpr uint32_t WORD_REFUSED_LOW = 2 * LINE_WORDS + 2, WORD_REFUSED_HIGH = 2 * LINE_WORDS + 3;
inline constexpr uint32_t WORD_HEAD = 3 * LINE_WORDS;
inline constexpr uint32_t WORD_CONSUMER_SLEEP = 4 * LINE_WORDS;
inline constexpr uint32_t WORD_PRODUCER_SLEEP = 5 * LINE_WORDS;
inline constexpr uint32_t RING_WORDS = 6 * LINE_WORDS;

inline constexpr uint32_t MAGIC = 0x51554555;
inline constexpr uint32_t VERSION = 1;
inline constexpr uint32_t MODE_ONE = 1, MODE_MANY = 2;
inline constexpr uint32_t RECORD_HEADER_BYTES = 8;
inline constexpr uint32_t FLAG_PADDING = 1u << 30, FLAG_BATCH = 1u << 29, LENGTH_MASK = FLAG_BATCH - 1;
inline constexpr uint32_t SLEEPS_ELSEWHERE = 2;
/// A capacity is a power of two between these.
inline constexpr uint32_t MIN_CAPACITY = 64, MAX_CAPACITY = 1u << 28;

constexpr uint32_t RecordBytes(uint32_t length) { return (length + RECORD_HEADER_BYTES + 7) & ~7u; }

/// The queue in shared memory, checked once.
class Memory {
 public:
  /// Throws std::invalid_argument when the memory holds no queue of this layout.
  Memory(void* base, size_t bytes) : words_(static_cast<uint32_t*>(base)) {
    if (bytes < RING_WORDS * 4 || reinterpret_cast<uintptr_t>(base) % 8 != 0 || words_[WORD_MAGIC] != MAGIC ||
        words_[WORD_VERSION] != VERSION)
      throw std::invalid_argument("the shared memory holds no queue of this layout version");
    capacity_ = words_[WORD_CAPACITY];
    const bool inRange = capacity_ >= MIN_CAPACITY && capacity_ <= MAX_CAPACITY && (capacity_ & (capacity_ - 1)) == 0;
    if (!inRange || bytes != RING_WORDS * 4 + size_t{capacity_} || (words_[WORD_MODE] != MODE_ONE && words_[WORD_MODE] != MODE_MANY))
      throw std::invalid_argument("the header of the queue is damaged");
  }

  uint32_t Capacity() const { return capacity_; }
  bool Many() const { return words_[WORD_MODE] == MODE_MANY; }
  uint32_t MaxRecord() const { return capacity_ / 2 - 2 * RECORD_HEADER_BYTES; }
  /// The word of a position in the ring.
  uint32_t WordOf(uint32_t position) const { return RING_WORDS + (position & (capacity_ - 1)) / 4; }
  uint32_t UntilEnd(uint32_t position) const { return capacity_ - (position & (capacity_ - 1)); }

  uint32_t& At(uint32_t word) const { return words_[word]; }
  uint8_t* BytesAt(uint32_t word) const { return reinterpret_cast<uint8_t*>(words_ + word); }
  uint32_t Acquire(uint32_t word) const { return __atomic_load_n(words_ + word, __ATOMIC_ACQUIRE); }
  void Release(uint32_t word, uint32_t value) const { __atomic_store_n(words_ + word, value, __ATOMIC_RELEASE); }
  bool Swap(uint32_t word, uint32_t expected, uint32_t value) const {
    return __atomic_compare_exchange_n(words_ + word, &expected, value, false, __ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE);
  }
  uint32_t Add(uint32_t word, uint32_t value) const { return __atomic_fetch_add(words_ + word, value, __ATOMIC_SEQ_CST); }

  /// Announces a sleep; then the caller looks again. The fence keeps that look behind the announcement.
  void Announce(uint32_t flag) const {
    __atomic_fetch_or(words_ + flag, SLEEPS_ELSEWHERE, __ATOMIC_SEQ_CST);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
  }
  /// Whether the other end sleeps elsewhere, after something was made visible to it; it is then the caller's to wake.
  bool TakeSleeper(uint32_t flag) const {
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    if ((__atomic_load_n(words_ + flag, __ATOMIC_RELAXED) & SLEEPS_ELSEWHERE) == 0) return false;
    return (__atomic_fetch_and(words_ + flag, ~SLEEPS_ELSEWHERE, __ATOMIC_SEQ_CST) & SLEEPS_ELSEWHERE) != 0;
  }

 private:
  uint32_t* words_;
  uint32_t capacity_ = 0;
};

}  // namespace ring

/// The end that writes: one thread's. `Wake` is called, without arguments, when the consumer sleeps elsewhere.
template <class Wake>
class RingProducer {
 public:
  /// `batchBytes`: what a queue for many claims at once for records that are published together.
  RingProducer(void* base, size_t bytes, Wake wake, uint32_t batchBytes = 4096)
      : memory_(base, bytes), wake_(std::move(wake)), many_(memory_.Many()) {
    const uint32_t most = memory_.Capacity() / 4;
    batchBytes_ = (batchBytes < most ? batchBytes : most) & ~7u;
    position_ = published_ = many_ ? 0 : memory_.Acquire(ring::WORD_TAIL);
    head_ = memory_.Acquire(ring::WORD_HEAD);
  }
  RingProducer(const RingProducer&) = delete;
  RingProducer& operator=(const RingProducer&) = delete;

  uint32_t MaxRecord() const { return memory_.MaxRecord(); }

  /// Room for a record of `length` <= MaxRecord() bytes, to be filled before the next call; null (and counted) when the ring is full.
  uint8_t* Claim(uint32_t length, uint32_t type) {
    uint8_t* bytes = many_ ? ClaimAmongMany(length, type) : ClaimAlone(length, type);
    if (bytes == nullptr && memory_.Add(ring::WORD_REFUSED_LOW, 1) == UINT32_MAX) memory_.Add(ring::WORD_REFUSED_HIGH, 1);
    return bytes;
  }

  /// Makes everything claimed visible. False when there was nothing, or the claim had been given up by the consumer.
  bool Publish() {
    bool published = many_ ? PublishBlock() || sealed_ : position_ != published_;
    sealed_ = false;
    if (!published) return false;
    if (!many_) memory_.Release(ring::WORD_TAIL, published_ = position_);
    if (memory_.TakeSleeper(ring::WORD_CONSUMER_SLEEP)) wake_();
    return true;
  }

  /// Copies a record and publishes it. False (and counted) when the ring is full.
  bool TryWrite(const void* record, uint32_t length, uint32_t type) {
    uint8_t* bytes = Claim(length, type);
    if (bytes == nullptr) return false;
    if (length > 0) std::memcpy(bytes, record, length);
    return Publish();
  }

  bool HasRoom(uint32_t length) const {
    const uint32_t needed = ring::RecordBytes(length) + (many_ ? ring::RECORD_HEADER_BYTES : 0);
    const uint32_t head = memory_.Acquire(ring::WORD_HEAD);
    const uint32_t tail = many_ ? memory_.Acquire(ring::WORD_TAIL) : position_;
    const uint32_t untilEnd = memory_.UntilEnd(tail);
    return tail - head + needed + (untilEnd < needed ? untilEnd : 0) <= memory_.Capacity();
  }

  /// Publishes, and announces that this end sleeps until the consumer's `wake`. False: there is room already, do not sleep.
  bool SleepElsewhere(uint32_t length) {
    Publish();
    if (HasRoom(length)) return false;
    memory_.Announce(ring::WORD_PRODUCER_SLEEP);
    return !HasRoom(length);
  }

 private:
  static constexpr uint32_t NONE = 0;

  uint8_t* ClaimAlone(uint32_t length, uint32_t type) {
    const uint32_t total = ring::RecordBytes(length);
    const uint32_t untilEnd = memory_.UntilEnd(position_);
    const uint32_t padding = untilEnd < total ? untilEnd : 0;
    const uint32_t limit = memory_.Capacity() - padding - total;
    if (position_ - head_ > limit) {
      head_ = memory_.Acquire(ring::WORD_HEAD);
      if (position_ - head_ > limit) return nullptr;
    }
    if (padding > 0) memory_.At(memory_.WordOf(position_)) = ring::FLAG_PADDING | padding;
    position_ += padding;
    const uint32_t word = memory_.WordOf(position_);
    position_ += total;
    return WriteHeader(word, length, type);
  }

  uint8_t* ClaimAmongMany(uint32_t length, uint32_t type) {
    const uint32_t total = ring::RecordBytes(length);
    if (claim_ != NONE && (claim_ - fill_) * 4 + claimBytes_ < total) sealed_ |= PublishBlock();
    if (claim_ == NONE) {
      const uint32_t least = ring::RECORD_HEADER_BYTES + total;
      if (!(least < batchBytes_ && Reserve(batchBytes_)) && !Reserve(least)) return nullptr;
      fill_ = claim_ + ring::RECORD_HEADER_BYTES / 4;
    }
    const uint32_t word = fill_;
    fill_ += total / 4;
    return WriteHeader(word, length, type);
  }

  uint8_t* WriteHeader(uint32_t word, uint32_t length, uint32_t type) {
    memory_.At(word) = length + ring::RECORD_HEADER_BYTES;
    memory_.At(word + 1) = type;
    return memory_.BytesAt(word + 2);
  }

  bool PublishBlock() {
    if (claim_ == NONE) return false;
    const uint32_t used = (fill_ - claim_) * 4;
    const uint32_t rest = claimBytes_ - used;
    memory_.At(claim_ + 1) = used - ring::RECORD_HEADER_BYTES;
    const bool published = memory_.Swap(claim_, 0u - claimBytes_, ring::FLAG_BATCH | ring::RECORD_HEADER_BYTES);
    claim_ = NONE;
    if (!published) return false;
    if (rest > 0 && !memory_.Swap(ring::WORD_TAIL, tail_, tail_ - rest)) memory_.Swap(fill_, 0, ring::FLAG_PADDING | rest);
    return true;
  }

  bool Reserve(uint32_t bytes) {
    for (;;) {
      const uint32_t tail = memory_.Acquire(ring::WORD_TAIL);
      const uint32_t untilEnd = memory_.UntilEnd(tail);
      const uint32_t padding = untilEnd < bytes ? untilEnd : 0;
      const int32_t limit = static_cast<int32_t>(memory_.Capacity() - padding - bytes);
      const uint32_t cached = memory_.Acquire(ring::WORD_HEAD_CACHE);
      int32_t used = static_cast<int32_t>(tail - cached);
      if (used > limit) {
        const uint32_t head = memory_.Acquire(ring::WORD_HEAD);
        used = static_cast<int32_t>(tail - head);
        if (used > limit) return false;
        if (!memory_.Swap(ring::WORD_HEAD_CACHE, cached, head)) continue;
      }
      if (used < 0) continue;
      if (!memory_.Swap(ring::WORD_TAIL, tail, tail + padding + bytes)) continue;
      if (padding > 0) memory_.Swap(memory_.WordOf(tail), 0, ring::FLAG_PADDING | padding);
      const uint32_t word = padding > 0 ? ring::RING_WORDS : memory_.WordOf(tail);
      if (!memory_.Swap(word, 0, 0u - bytes)) continue;  // declared dead meanwhile
      claim_ = word;
      claimBytes_ = bytes;
      tail_ = tail + padding + bytes;
      return true;
    }
  }

  ring::Memory memory_;
  Wake wake_;
  bool many_;
  uint32_t batchBytes_;
  uint32_t position_, published_, head_;                         // one
  uint32_t claim_ = NONE, claimBytes_ = 0, fill_ = 0, tail_ = 0;  // many: the open block, in words of the memory
  bool sealed_ = false;
};

/// A record where it lies: valid until the consumer's Release().
struct RingRecord {
  uint32_t type;
  uint32_t length;
  const uint8_t* bytes;
};

/// The end that reads: one at a time. `Wake` is called, without arguments, when a producer sleeps elsewhere.
template <class Wake>
class RingConsumer {
 public:
  RingConsumer(void* base, size_t bytes, Wake wake) : memory_(base, bytes), wake_(std::move(wake)), many_(memory_.Many()) {
    released_ = position_ = known_ = memory_.Acquire(ring::WORD_HEAD);
  }
  RingConsumer(const RingConsumer&) = delete;
  RingConsumer& operator=(const RingConsumer&) = delete;

  /// Steps on the next record. False when there is none.
  bool Next(RingRecord& record) {
    if (!AtRecord()) return false;
    const uint32_t word = memory_.WordOf(position_);
    record.length = memory_.At(word) - ring::RECORD_HEADER_BYTES;
    record.type = memory_.At(word + 1);
    record.bytes = memory_.BytesAt(word + 2);
    position_ += ring::RecordBytes(record.length);
    return true;
  }

  /// Gives the room of everything that was stepped on back.
  void Release() {
    if (position_ == released_) return;
    if (many_) Clear();
    released_ = position_;
    memory_.Release(ring::WORD_HEAD, released_);
    if (memory_.TakeSleeper(ring::WORD_PRODUCER_SLEEP)) wake_();
  }

  /// Gives back what was read, and announces that this end sleeps until a producer's `wake`. False: there is a record, do not sleep.
  bool SleepElsewhere() {
    Release();
    if (AtRecord()) return false;
    memory_.Announce(ring::WORD_CONSUMER_SLEEP);
    if (!AtRecord()) return true;
    Awake();
    return false;
  }

  /// Somebody else of this thread reads the records: starts again where that one has given back room last.
  void FollowHead() { released_ = position_ = known_ = memory_.Acquire(ring::WORD_HEAD); }

  /// Whether there is a record at this end's position.
  bool HasRecord() { return AtRecord(); }

  /// Ends SleepElsewhere, and spares producers needless wake-ups.
  void Awake() { memory_.Release(ring::WORD_CONSUMER_SLEEP, 0); }

 private:
  bool AtRecord() {
    for (;;) {
      if (position_ == known_ && !FindMore()) return false;
      const uint32_t word = memory_.At(memory_.WordOf(position_));
      if (word < ring::FLAG_BATCH) return true;
      position_ += word & ring::LENGTH_MASK;
    }
  }

  bool FindMore() {
    if (!many_) {
      known_ = memory_.Acquire(ring::WORD_TAIL);
      return known_ != position_;
    }
    if (position_ - released_ == memory_.Capacity()) return false;  // all of a full ring was read and not yet given back
    const uint32_t at = memory_.WordOf(position_);
    const uint32_t word = memory_.Acquire(at);
    if (static_cast<int32_t>(word) <= 0) return false;
    known_ = position_ + (((word & ring::LENGTH_MASK) + 7) & ~7u);
    if ((word & ring::FLAG_BATCH) != 0 && (word & ring::FLAG_PADDING) == 0) known_ += memory_.At(at + 1);
    return true;
  }

  void Clear() {
    const uint32_t bytes = position_ - released_;
    const uint32_t untilEnd = memory_.UntilEnd(released_);
    const uint32_t first = bytes < untilEnd ? bytes : untilEnd;
    std::memset(memory_.BytesAt(memory_.WordOf(released_)), 0, first);
    if (bytes > first) std::memset(memory_.BytesAt(ring::RING_WORDS), 0, bytes - first);
  }

  ring::Memory memory_;
  Wake wake_;
  bool many_;
  uint32_t released_, position_, known_;
};

}  // namespace portolan
