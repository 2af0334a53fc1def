// The replay window of a link: the twin of ts/memory/replay-window.ts, on the same 4096 bits.
//
//   bit (counter mod 4096)     seen, for the counters from highest - 4095 to highest
//
// Counters start at 1, so that a window of zeros with highest = 0 has seen nothing. Only the low 32 bits are on the wire; the high ones
// are inferred as in IPsec's extended sequence numbers (RFC 4303, appendix A2): the nearest to the highest counter so far. A wrong
// guess fails the tag, which covers the high bits.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "layout.h"

namespace portolan {

/// The counter, 64 bits, whose low half was received when `highest` was the highest so far.
inline uint64_t InferCounter(uint64_t highest, uint32_t low) {
  constexpr uint64_t HALF = uint64_t{1} << 31;
  const uint64_t guess = (highest & ~uint64_t{UINT32_MAX}) | low;
  if (guess + HALF < highest) return guess + 2 * HALF;
  if (guess > highest + HALF && guess >= 2 * HALF) return guess - 2 * HALF;
  return guess;
}

/// A window in use by the holder of the link's lock.
class ReplayWindow {
 public:
  /// What JavaScript counts exactly; a session reaches it after 285 years at a million frames a second.
  static constexpr uint64_t TOO_HIGH = uint64_t{1} << 53;
  static constexpr uint64_t BITS = layout::REPLAY_WINDOW_BITS;

  ReplayWindow(uint8_t* bits, uint64_t highest) : words_(reinterpret_cast<uint64_t*>(bits)), highest_(highest) {}

  /// Whether the frame with this counter is new; then it is seen from now on.
  bool Accept(uint64_t counter) {
    uint64_t& word = words_[counter / 64 % (BITS / 64)];
    const uint64_t bit = uint64_t{1} << counter % 64;
    if (counter >= TOO_HIGH) return false;
    if (counter == highest_ + 1) {  // by far the most frequent: the bit belonged to a counter that is now too old
      highest_ = counter;
      word |= bit;
      return true;
    }
    if (counter > highest_) {
      Forget(highest_ + 1, counter);
      highest_ = counter;
      word |= bit;
      return true;
    }
    if (counter == 0 || highest_ - counter >= BITS || (word & bit) != 0) return false;
    word |= bit;
    return true;
  }

  /// Accepts `count` frames whose counters follow one another from `first` on, if `first` is the next after the highest; else none.
  bool AcceptRow(uint64_t first, uint64_t count) {
    if (first != highest_ + 1 || first + count >= TOO_HIGH) return false;
    // The bits belonged to counters that are now too old.
    for (const uint64_t end = first + count; first < end;) {
      const uint64_t some = std::min<uint64_t>(64 - first % 64, end - first);
      words_[first / 64 % (BITS / 64)] |= (some == 64 ? ~uint64_t{0} : (uint64_t{1} << some) - 1) << first % 64;
      first += some;
    }
    highest_ += count;
    return true;
  }

  uint64_t Highest() const { return highest_; }

 private:
  /// Clears the bits of the counters from `first` up to but not including `end`.
  void Forget(uint64_t first, uint64_t end) {
    if (end - first >= BITS) {
      std::memset(words_, 0, BITS / 8);
      return;
    }
    while (first < end) {
      const uint64_t count = std::min<uint64_t>(64 - first % 64, end - first);
      const uint64_t mask = (count == 64 ? ~uint64_t{0} : (uint64_t{1} << count) - 1) << first % 64;
      words_[first / 64 % (BITS / 64)] &= ~mask;
      first += count;
    }
  }

  uint64_t* words_;
  uint64_t highest_;
};

}  // namespace portolan
