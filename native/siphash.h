// SipHash-2-4 (Aumasson and Bernstein, 2012), 64-bit result; the twin of ts/wire/siphash.ts and ts/wire/tag.ts.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "layout.h"

namespace portolan {

static_assert(std::endian::native == std::endian::little, "loads below take words as SipHash reads them");

inline uint64_t Load64(const uint8_t* at) {
  uint64_t word;
  std::memcpy(&word, at, 8);
  return word;
}

inline uint32_t Load32(const uint8_t* at) {
  uint32_t word;
  std::memcpy(&word, at, 4);
  return word;
}

inline void Store64(uint8_t* at, uint64_t word) { std::memcpy(at, &word, 8); }
inline void Store32(uint8_t* at, uint32_t word) { std::memcpy(at, &word, 4); }

struct SipKey {
  uint64_t k0, k1;
  static SipKey From(const uint8_t* bytes) { return {Load64(bytes), Load64(bytes + 8)}; }
  bool operator==(const SipKey&) const = default;
};

class SipHash {
 public:
  explicit SipHash(SipKey key)
      : v0_(key.k0 ^ 0x736f6d6570736575), v1_(key.k1 ^ 0x646f72616e646f6d), v2_(key.k0 ^ 0x6c7967656e657261),
        v3_(key.k1 ^ 0x7465646279746573) {}

  void Block(uint64_t word) {
    v3_ ^= word;
    Round();
    Round();
    v0_ ^= word;
  }

  uint64_t Finish() {
    v2_ ^= 0xff;
    for (int i = 0; i < 4; i++) Round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }

 private:
  void Round() {
    v0_ += v1_, v1_ = std::rotl(v1_, 13) ^ v0_, v0_ = std::rotl(v0_, 32);
    v2_ += v3_, v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_, v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_, v1_ = std::rotl(v1_, 17) ^ v2_, v2_ = std::rotl(v2_, 32);
  }

  uint64_t v0_, v1_, v2_, v3_;
};

/// Hashes `length` bytes.
inline uint64_t SipHashBytes(SipKey key, const uint8_t* bytes, size_t length) {
  SipHash hash(key);
  size_t at = 0;
  for (; at + 8 <= length; at += 8) hash.Block(Load64(bytes + at));
  uint64_t last = uint64_t{length} << 56;
  for (size_t i = 0; at + i < length; i++) last |= uint64_t{bytes[at + i]} << (8 * i);
  hash.Block(last);
  return hash.Finish();
}

/// The last word of a data frame's message: the counter's high 32 bits, big-endian, and the message's length, 44 bytes.
inline uint64_t LastTagWord(uint32_t counterHigh) { return uint64_t{__builtin_bswap32(counterHigh)} | uint64_t{44} << 56; }

/// The tag of a frame of any type with `length` >= 48 bytes, computed alone: see ts/wire/tag.ts for what it covers.
inline uint64_t FrameTag(SipKey key, const uint8_t* frame, size_t length, uint32_t counterHigh) {
  using namespace layout;
  const bool data = (frame[OFFSET_VERSION_TYPE] & 15) == static_cast<uint8_t>(FrameType::Data);
  const size_t covered = data ? HEADERS_BYTES : length;
  SipHash hash(key);
  hash.Block(Load64(frame));
  hash.Block(Load64(frame + 8));
  size_t at = OFFSET_TAG + TAG_BYTES;
  for (; at + 8 <= covered; at += 8) hash.Block(Load64(frame + at));

  // What is left of the frame and the high bits: 4 to 11 bytes, then the length in the last byte of the last word.
  uint8_t tail[16] = {};
  const size_t left = covered - at;
  std::memcpy(tail, frame + at, left);
  Store32(tail + left, __builtin_bswap32(counterHigh));
  const uint64_t messageLength = uint64_t{covered - TAG_BYTES + 4} << 56;
  if (left < 4) {
    hash.Block(Load64(tail) | messageLength);
  } else {
    hash.Block(Load64(tail));
    hash.Block(Load64(tail + 8) | messageLength);
  }
  return hash.Finish();
}

}  // namespace portolan
