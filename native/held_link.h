// The lock of one link, held for a row of its frames, and given up with this object; the window and the counts of reception belong to the
// holder. Native code holds it within one receive call only, which nothing interrupts, so a worker that crashes leaves none behind.
#pragma once

#include <sched.h>

#include "context.h"
#include "replay_window.h"

namespace portolan {

class HeldLink {
 public:
  explicit HeldLink(Context& context) : c_(context) {}
  ~HeldLink() { GiveUp(); }

  /// The window of a link, whose lock is taken if it is not held yet.
  ReplayWindow& WindowOf(uint32_t link) {
    if (link != index_) {
      GiveUp();
      Lock(link);
    }
    return window_;
  }

  /// Counts frames of the link that WindowOf was called for last, of `bytes` together.
  void Count(uint32_t frames, uint64_t bytes, bool data) {
    frames_ += frames;
    bytes_ += bytes;
    data_ |= data;
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

}  // namespace portolan
