// SipHash-2-4 over the columns of a TagBatch with vectors of LANES frames, two vectors interleaved: one alone would wait for its own
// results half of the time. Included once by each siphash_<instruction set>.cc, which defines before:
//
//   LANES          64-bit lanes of a vector
//   LANES_TARGET   the function attribute that allows the instructions. It is on the functions and not on the whole file, so that no
//                  inline function of a shared header is compiled for a processor that we may not run on.
#include <cstring>

#include "tag_batch.h"

namespace portolan {
namespace {

typedef uint64_t Lanes __attribute__((vector_size(LANES * 8)));

struct State {
  Lanes v0, v1, v2, v3;
};

#define ROTATE(v, bits) ((v << bits) | (v >> (64 - bits)))

LANES_TARGET inline __attribute__((always_inline)) void Round(State& s) {
  s.v0 += s.v1;
  s.v1 = ROTATE(s.v1, 13) ^ s.v0;
  s.v0 = ROTATE(s.v0, 32);
  s.v2 += s.v3;
  s.v3 = ROTATE(s.v3, 16) ^ s.v2;
  s.v0 += s.v3;
  s.v3 = ROTATE(s.v3, 21) ^ s.v0;
  s.v2 += s.v1;
  s.v1 = ROTATE(s.v1, 17) ^ s.v2;
  s.v2 = ROTATE(s.v2, 32);
}

LANES_TARGET inline __attribute__((always_inline)) void Load(Lanes& into, const uint64_t* from) {
  std::memcpy(&into, from, sizeof into);
}

LANES_TARGET inline __attribute__((always_inline)) void Start(State& s, const TagBatch& batch, size_t at) {
  Lanes k0, k1;
  Load(k0, batch.k0 + at);
  Load(k1, batch.k1 + at);
  s.v0 = k0 ^ 0x736f6d6570736575;
  s.v1 = k1 ^ 0x646f72616e646f6d;
  s.v2 = k0 ^ 0x6c7967656e657261;
  s.v3 = k1 ^ 0x7465646279746573;
}

LANES_TARGET inline __attribute__((always_inline)) void Store(const State& s, uint64_t* into) {
  const Lanes tag = s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
  std::memcpy(into, &tag, sizeof tag);
}

LANES_TARGET inline void TagsOfLanes(TagBatch& batch, size_t count) {
  for (size_t at = 0; at < count; at += 2 * LANES) {
    State a, b;
    Start(a, batch, at);
    Start(b, batch, at + LANES);
    for (size_t word = 0; word < TAG_WORDS; word++) {
      Lanes left, right;
      Load(left, batch.words[word] + at);
      Load(right, batch.words[word] + at + LANES);
      a.v3 ^= left, b.v3 ^= right;
      for (int i = 0; i < 2; i++) Round(a), Round(b);
      a.v0 ^= left, b.v0 ^= right;
    }
    a.v2 ^= 0xff, b.v2 ^= 0xff;
    for (int i = 0; i < 4; i++) Round(a), Round(b);
    Store(a, batch.tags + at);
    Store(b, batch.tags + at + LANES);
  }
}

static_assert(TAG_BATCH % (2 * LANES) == 0 && TAG_LANES % (2 * LANES) == 0);

}  // namespace
}  // namespace portolan
