// Tags of many data frames at once. The six words of each message lie in columns, so that a vector instruction takes the same word of
// four (AVX2), eight (AVX-512) or two (NEON) frames:
//
//            frame 0   frame 1   frame 2 ...
//   word 0 | 0-7     | 0-7     | 0-7          version, flags, TTL, link number
//   word 1 | 8-15    | 8-15    |              label, counter
//   word 2 | 24-31   |                        destination, ports
//   word 3 | 32-39   |                        source, protocol, class
//   word 4 | 40-47   |                        sequence number
//   word 5 | high 32 bits of the counter, length
//   k0, k1 | key of the frame's link
#pragma once

#include <cstddef>
#include <cstdint>

#include "siphash.h"

namespace portolan {

inline constexpr size_t TAG_WORDS = 6;
/// Frames a batch; a multiple of all lane counts.
inline constexpr size_t TAG_BATCH = 256;
/// Columns are filled up to a multiple of this before a batch is hashed.
inline constexpr size_t TAG_LANES = 16;

struct alignas(64) TagBatch {
  uint64_t words[TAG_WORDS][TAG_BATCH] = {};
  uint64_t k0[TAG_BATCH] = {};
  uint64_t k1[TAG_BATCH] = {};
  uint64_t tags[TAG_BATCH] = {};

  /// Makes `key` that of the first `count` columns. For a batch whose keys are written by this alone: mostly they are there already.
  void FillKeys(SipKey key, size_t count) {
    if (!(key == filledWith)) filled = 0, filledWith = key;
    for (; filled < count; filled++) k0[filled] = key.k0, k1[filled] = key.k1;
  }
  SipKey filledWith = {0, 0};
  size_t filled = TAG_BATCH;
};

/// Computes the tags of the first `count` columns; it may compute some more, of columns that were used before.
using TagFunction = void (*)(TagBatch&, size_t count);

void TagsScalar(TagBatch& batch, size_t count);
void TagsAvx2(TagBatch& batch, size_t count);
void TagsAvx512(TagBatch& batch, size_t count);
void TagsNeon(TagBatch& batch, size_t count);

struct TagImplementation {
  const char* name;
  TagFunction function;

  /// A few frames are hashed one by one: vectors would compute 16 in any case, and wide ones that were idle are slow to start.
  void Run(TagBatch& batch, size_t count) const {
    if (count < 4)
      TagsScalar(batch, count);
    else
      function(batch, count);
  }
};

/// The fastest implementation that this processor runs; the scalar one when `simd` is off.
TagImplementation ChooseTags(bool simd);

/// An implementation by its name; a null function when this processor or build has none such.
TagImplementation TagsByName(const char* name);

}  // namespace portolan
