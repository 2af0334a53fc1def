// The least that a test of native code needs: a condition that must hold, and a world to run a packet path in.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

#include "packet_path.h"

#define CHECK(condition)                                                        \
  do {                                                                          \
    if (!(condition)) {                                                         \
      std::fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
      std::exit(1);                                                             \
    }                                                                           \
  } while (false)

namespace portolan {

/// Zeroed memory, aligned to cache lines as a SharedArrayBuffer's pages are.
class Pages {
 public:
  explicit Pages(size_t length) : memory_{static_cast<uint8_t*>(std::aligned_alloc(4096, (length + 4095) & ~size_t{4095})), length} {
    std::memset(memory_.base, 0, length);
  }
  ~Pages() { std::free(memory_.base); }
  Pages(const Pages&) = delete;
  operator Memory() const { return memory_; }
  uint8_t* base() const { return memory_.base; }

 private:
  Memory memory_;
};

inline constexpr uint32_t TEST_LINKS = 16;

/// A packet path over its own region (one worker, 16 links), batch and slab.
class World {
 public:
  explicit World(size_t slabBytes = 16 * BLOCK_STRIDE);

  /// Makes link `index` live: number `number` both ways, keys of bytes `key`, to a port on 127.0.0.1.
  void Install(uint32_t index, uint32_t number, uint8_t key, uint16_t port, uint32_t mtu = 1200);

  /// Appends a data frame of `length` bytes that starts here as a run for `link`.
  void Originate(uint32_t link, uint32_t length);

  uint64_t Counter(layout::Counter counter) const;

  Pages region, batch, slab;
  std::unique_ptr<PacketPath> path;
};

}  // namespace portolan
