// The slab, cut into blocks. A block holds what one receive call's message brought (64 KB with GRO), or several cells, or packets that
// start here. The batch in hand holds one reference on each of its blocks, each message that waits for a full socket one more.
//
// Proof. *Who writes*: one thread, the worker's: counts need no atomics. *Valid*: free -> taken (one reference) -> more or fewer
// references -> none: free. *Forbidden*: a block on the free stack with references; releasing one that has none (asserted).
// A worker that is replaced starts with a new pool over the same slab: nothing of its predecessor is held.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <stdexcept>
#include <vector>

#include "layout.h"

namespace portolan {

using layout::BLOCK_BYTES;
using layout::BLOCK_STRIDE;
inline constexpr int32_t NO_BLOCK = -1;

class BlockPool {
 public:
  BlockPool(uint8_t* base, size_t length) : base_(base), length_(length), references_(length / BLOCK_STRIDE) {
    if (references_.size() < 8) throw std::invalid_argument("the slab holds fewer than 8 blocks");
    if (length > UINT32_MAX / 2) throw std::invalid_argument("the slab is larger than 2 GB");
    for (size_t i = references_.size(); i > 0; i--) free_.push_back(static_cast<int32_t>(i - 1));
  }

  /// A block with one reference, the last freed one first: it is still in the cache.
  int32_t Take() {
    if (free_.empty()) return NO_BLOCK;
    const int32_t block = free_.back();
    free_.pop_back();
    references_[block] = 1;
    return block;
  }
  void AddReference(int32_t block) { references_[block]++; }
  void Release(int32_t block) {
    if (references_[block] == 0) std::abort();
    if (--references_[block] == 0) free_.push_back(block);
  }

  uint8_t* Base() const { return base_; }
  size_t Length() const { return length_; }
  uint8_t* At(int32_t block) const { return base_ + size_t(block) * BLOCK_STRIDE; }
  uint32_t OffsetOf(int32_t block) const { return static_cast<uint32_t>(block) * BLOCK_STRIDE; }
  /// The block of an address in the slab.
  int32_t BlockOf(const void* at) const {
    return static_cast<int32_t>((static_cast<const uint8_t*>(at) - base_) / BLOCK_STRIDE);
  }
  /// Whether a packet lies within one block that is in use.
  bool Holds(uint32_t offset, uint64_t length) const {
    const uint32_t block = offset / BLOCK_STRIDE;
    return block < references_.size() && references_[block] > 0 && uint64_t{offset} % BLOCK_STRIDE + length <= BLOCK_STRIDE;
  }
  size_t Free() const { return free_.size(); }
  size_t Blocks() const { return references_.size(); }

 private:
  uint8_t* base_;
  size_t length_;
  std::vector<uint32_t> references_;
  std::vector<int32_t> free_;
};

}  // namespace portolan
