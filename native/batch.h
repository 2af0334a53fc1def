// A batch as native code sees it: the twin of ts/memory/batch.ts. Its memory is shared with JavaScript of the same thread, and with
// nobody else, so plain accesses do. What JavaScript wrote is checked where it is used (send.cc), once a run.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>

#include "layout.h"

namespace portolan {

struct Run {
  uint32_t kind, first, packets, link, frame, verdict, argument;
  int32_t next;
};
static_assert(sizeof(Run) == layout::RUN_BYTES && offsetof(Run, verdict) == 4 * layout::RUN_VERDICT);

struct Packet {
  uint32_t offset, length;
};
static_assert(sizeof(Packet) == layout::PACKET_BYTES);

struct RunAddress {
  uint32_t family, port;
  uint8_t bytes[16];
  uint32_t scope, socket;
};
static_assert(sizeof(RunAddress) == layout::ADDRESS_BYTES);

class Batch {
 public:
  Batch(uint8_t* base, size_t length) : base_(base) {
    if (length < layout::BATCH_BYTES) throw std::invalid_argument("the batch's memory is too short");
  }
  uint32_t& Runs() const { return reinterpret_cast<uint32_t*>(base_)[layout::BATCH_RUN_COUNT]; }
  uint32_t& Packets() const { return reinterpret_cast<uint32_t*>(base_)[layout::BATCH_PACKET_COUNT]; }
  uint32_t& More() const { return reinterpret_cast<uint32_t*>(base_)[layout::BATCH_MORE]; }
  uint32_t& RingsEmpty() const { return reinterpret_cast<uint32_t*>(base_)[layout::BATCH_RINGS_EMPTY]; }
  uint32_t& Largest() const { return reinterpret_cast<uint32_t*>(base_)[layout::BATCH_LARGEST]; }
  double& Now() const { return *reinterpret_cast<double*>(base_ + layout::BATCH_NOW); }
  Run& RunAt(uint32_t index) const { return reinterpret_cast<Run*>(base_ + layout::RUNS)[index]; }
  Packet& PacketAt(uint32_t index) const { return reinterpret_cast<Packet*>(base_ + layout::PACKETS)[index]; }
  RunAddress& AddressAt(uint32_t index) const { return reinterpret_cast<RunAddress*>(base_ + layout::ADDRESSES)[index]; }

 private:
  uint8_t* base_;
};

}  // namespace portolan
