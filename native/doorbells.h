// What a worker announces before it sleeps in epoll, so that whoever has work for it knows to write its eventfd: in its own state
// (ts/memory/worker-state.ts) and in each ring that it reads (sharedarraybuffer-queue/sleep.ts). Both files carry the proof; this is
// their order in native code: set all flags, look at everything once more, sleep, clear the flags.
//
// The records are JavaScript's to read. All that is needed here is whether there are some, and that is told by what reader and writers
// have published.
#pragma once

#include <deque>

#include "region.h"
#include "ring.h"

namespace portolan {

class Doorbells {
 public:
  Doorbells(const Region& region, uint32_t worker) : region_(region), worker_(worker) {}

  /// A queue that the worker reads. Throws std::invalid_argument when the memory holds none.
  void Watch(uint8_t* base, size_t length) { rings_.emplace_back(base, length, Nobody{}); }

  /// Says that the worker is about to sleep. False: something waits, or it is to stop; then nothing is announced.
  bool FallAsleep() {
    region_.Sleeping(worker_).Set(1, std::memory_order_seq_cst);
    bool sleeps = region_.StopRequested(worker_).Get(std::memory_order_seq_cst) == 0;
    for (Ring& ring : rings_) {
      ring.FollowHead();
      sleeps = sleeps && ring.SleepElsewhere();
    }
    if (!sleeps) Awake();
    return sleeps;
  }

  /// Spares the others needless wake-ups.
  void Awake() {
    region_.Sleeping(worker_).Set(0, std::memory_order_release);
    for (Ring& ring : rings_) ring.Awake();
  }

  /// Whether there is nothing to read. False when no ring is watched: then nobody knows.
  bool AllEmpty() {
    for (Ring& ring : rings_) {
      ring.FollowHead();
      if (ring.HasRecord()) return false;
    }
    return !rings_.empty();
  }

 private:
  /// Producers that wait for room are woken by the reader of the records.
  struct Nobody {
    void operator()() const {}
  };
  using Ring = RingConsumer<Nobody>;

  const Region& region_;
  const uint32_t worker_;
  std::deque<Ring> rings_;  // a ring cannot be moved
};

}  // namespace portolan
