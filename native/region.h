// The region as native code sees it: the twin of regionLayout() in ts/memory/region.ts and of the accessors of the link table and counters.
#pragma once

#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "layout.h"
#include "siphash.h"

namespace portolan {

/// A field that other threads look at: accesses are atomic, and relaxed where nothing else is said.
template <class T>
class Shared {
 public:
  explicit Shared(uint8_t* at) : ref_(*reinterpret_cast<T*>(at)) {}
  T Get(std::memory_order order = std::memory_order_relaxed) const { return ref_.load(order); }
  void Set(T value, std::memory_order order = std::memory_order_relaxed) const { ref_.store(value, order); }
  /// For fields that one thread writes at a time: cheaper than an atomic addition.
  void AddAlone(T value) const { Set(Get() + value); }
  T AddAtomically(T value) const { return ref_.fetch_add(value, std::memory_order_relaxed); }
  bool Exchange(T& expected, T wanted) const {
    return ref_.compare_exchange_strong(expected, wanted, std::memory_order_acquire, std::memory_order_relaxed);
  }

 private:
  std::atomic_ref<T> ref_;
};

/// An entry of the link table (ts/memory/link-table.ts).
class Link {
 public:
  Link() = default;
  Link(uint8_t* entry, uint8_t* window) : at_(entry), window_(window) {}

  bool Live() const { return U32(layout::LINK_STATE).Get(std::memory_order_acquire) == uint32_t(layout::LinkState::Live); }
  uint32_t OurNumber() const { return U32(layout::LINK_OUR_NUMBER).Get(); }
  uint32_t PeerNumber() const { return U32(layout::LINK_PEER_NUMBER).Get(); }
  bool OverUdp() const { return U32(layout::LINK_PORT_KIND).Get() == uint32_t(layout::PortKind::Udp); }
  uint32_t Socket() const { return U32(layout::LINK_SOCKET).Get(); }
  Shared<uint32_t> Mtu() const { return U32(layout::LINK_MTU); }
  bool Tagged() const { return (U32(layout::LINK_FLAGS).Get() & layout::LINK_FLAG_NO_TAGS) == 0; }
  SipKey ReceiveKey() const { return SipKey::From(at_ + layout::LINK_RX_KEY); }
  SipKey TransmitKey() const { return SipKey::From(at_ + layout::LINK_TX_KEY); }
  uint32_t AddressFamily() const { return U32(layout::LINK_ADDRESS_FAMILY).Get(); }
  uint32_t AddressPort() const { return U32(layout::LINK_ADDRESS_PORT).Get(); }
  const uint8_t* Address() const { return at_ + layout::LINK_ADDRESS; }
  uint32_t AddressScope() const { return U32(layout::LINK_ADDRESS_SCOPE).Get(); }

  Shared<uint32_t> Lock() const { return U32(layout::LINK_LOCK); }
  Shared<uint64_t> Highest() const { return U64(layout::LINK_RX_HIGHEST); }
  uint8_t* Window() const { return window_; }
  Shared<uint64_t> ReceivedFrames() const { return U64(layout::LINK_RX_FRAMES); }
  Shared<uint64_t> ReceivedBytes() const { return U64(layout::LINK_RX_BYTES); }
  Shared<double> LastHeard() const { return Shared<double>(at_ + layout::LINK_LAST_HEARD); }
  Shared<double> LastDataHeard() const { return Shared<double>(at_ + layout::LINK_LAST_DATA_HEARD); }

  Shared<uint64_t> TransmitCounter() const { return U64(layout::LINK_TX_COUNTER); }
  Shared<uint64_t> SentFrames() const { return U64(layout::LINK_TX_FRAMES); }
  Shared<uint64_t> SentBytes() const { return U64(layout::LINK_TX_BYTES); }
  Shared<double> LastDataSent() const { return Shared<double>(at_ + layout::LINK_LAST_DATA_SENT); }

 private:
  Shared<uint32_t> U32(uint32_t offset) const { return Shared<uint32_t>(at_ + offset); }
  Shared<uint64_t> U64(uint32_t offset) const { return Shared<uint64_t>(at_ + offset); }

  uint8_t* at_ = nullptr;
  uint8_t* window_ = nullptr;
};

/// The counters that a worker has counted and not yet published: plain additions per batch, one shared store a counter and batch.
class Counters {
 public:
  void Bind(uint8_t* block) { block_ = block; }
  void Add(layout::Counter counter, uint64_t n = 1) {
    counts_[uint32_t(counter)] += n;
    counted_[uint32_t(counter) / 64] |= uint64_t{1} << (uint32_t(counter) % 64);
  }
  void Publish() {
    for (uint32_t word = 0; word < WORDS; ++word) {
      for (uint64_t& left = counted_[word]; left != 0; left &= left - 1) {
        const uint32_t i = 64 * word + std::countr_zero(left);
        Shared<uint64_t>(block_ + 8 * i).AddAlone(counts_[i]);
        counts_[i] = 0;
      }
    }
  }

 private:
  static constexpr uint32_t COUNT = layout::COUNTER_COUNT;
  static constexpr uint32_t WORDS = (COUNT + 63) / 64;
  static_assert(COUNT <= layout::COUNTERS_PER_BLOCK, "a block has a place for each");
  uint64_t counts_[COUNT] = {};
  /// A bit for each that is not published yet.
  uint64_t counted_[WORDS] = {};
  uint8_t* block_ = nullptr;
};

class Region {
 public:
  /// Attaches to a region at `base`. Throws when the memory holds none, or one of another layout.
  Region(uint8_t* base, size_t length) : base_(base) {
    using namespace layout;
    if (length < HEADER_BYTES) throw std::invalid_argument("the region is too short");
    if (Load32(base) != REGION_MAGIC) throw std::invalid_argument("the shared memory holds no region");
    if (Load32(base + 4) != REGION_LAYOUT_VERSION) throw std::invalid_argument("the region has another layout version");
    workers_ = Load32(base + 8);
    links_ = Load32(base + 12);
    if (workers_ < 1 || workers_ > layout::MAX_WORKERS || links_ < 2 || links_ > MAX_LINKS)
      throw std::invalid_argument("the region's sizes are out of range");
    workerStates_ = HEADER_BYTES;
    counters_ = workerStates_ + workers_ * WORKER_STATE_BYTES;
    const size_t linksUp = counters_ + (workers_ + 1) * COUNTER_BLOCK_BYTES;
    const size_t ports = linksUp + LINKS_UP_BYTES + FORWARDING_BYTES;
    linkEntries_ = ports + PORT_TABLE_BYTES;
    windows_ = linkEntries_ + links_ * LINK_ENTRY_BYTES;
    if (length < windows_ + links_ * REPLAY_WINDOW_BYTES) throw std::invalid_argument("the region is not whole");
  }

  uint32_t Workers() const { return workers_; }
  uint32_t Links() const { return links_; }
  /// What handshake frames are told by (ts/memory/handshake-gate.ts); written before any worker attaches.
  bool Keyed() const { return (Load32(base_ + 4 * layout::HEADER_WORD_FLAGS) & layout::NODE_FLAG_KEYED) != 0; }
  uint32_t Fingerprint() const { return Load32(base_ + 4 * layout::HEADER_WORD_FINGERPRINT); }
  SipKey HandshakeKey() const { return SipKey::From(base_ + 4 * layout::HEADER_WORD_HANDSHAKE_KEY); }
  /// `index` < Links().
  Link LinkAt(uint32_t index) const {
    return {base_ + linkEntries_ + index * layout::LINK_ENTRY_BYTES, base_ + windows_ + index * layout::REPLAY_WINDOW_BYTES};
  }
  uint8_t* CounterBlock(uint32_t worker) const { return base_ + counters_ + worker * layout::COUNTER_BLOCK_BYTES; }

  /// Whether the worker sleeps, and whether it is to stop (ts/memory/worker-state.ts).
  Shared<uint32_t> Sleeping(uint32_t worker) const { return StateOf(worker, layout::WORKER_SLEEPING); }
  Shared<uint32_t> StopRequested(uint32_t worker) const { return StateOf(worker, layout::WORKER_STOP); }

  /// The worker may be found to hold nothing of what the tables say (ts/memory/epochs.ts): before it sleeps.
  void GoOffline(uint32_t worker) const { EpochOf(worker).Set(0, std::memory_order_seq_cst); }
  /// Before it reads a table again.
  void GoOnline(uint32_t worker) const {
    const uint32_t epoch = Shared<uint32_t>(base_ + 4 * layout::HEADER_WORD_EPOCH).Get(std::memory_order_seq_cst);
    EpochOf(worker).Set(epoch, std::memory_order_seq_cst);
  }

 private:
  Shared<uint32_t> StateOf(uint32_t worker, uint32_t word) const {
    return Shared<uint32_t>(base_ + workerStates_ + worker * layout::WORKER_STATE_BYTES + 4 * word);
  }
  Shared<uint32_t> EpochOf(uint32_t worker) const { return StateOf(worker, layout::WORKER_EPOCH); }

  uint8_t* base_;
  uint32_t workers_, links_;
  size_t workerStates_, counters_, linkEntries_, windows_;
};

}  // namespace portolan
