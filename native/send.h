// The last half of a packet's way: what the stages have decided to send gets its link header rewritten in place, is gathered link by
// link, and leaves.
#pragma once

#include <vector>

#include "context.h"
#include "gather.h"
#include "local_outlet.h"
#include "transmit.h"

namespace portolan {

class Sender {
 public:
  explicit Sender(Context& context);

  /// Sends all runs with verdict Forward or Raw, which become Done. Returns the number of packets sent.
  uint32_t Send();

  /// Finishes the frames of a run with verdict Forward without sending them; it becomes Raw.
  void Seal(uint32_t index);

  Transmitter& transmitter() { return transmitter_; }
  const LocalOutlets& outlets() const { return outlets_; }

  /// Forgets what waits for a socket, which goes away.
  void Drop(Socket& socket);

 private:
  struct LinkChain {
    int32_t first = -1, last = -1;
    uint32_t packets = 0;
  };
  /// Frames that lie one behind the other, all of one length and type, whose headers are to be written.
  struct Row {
    uint8_t* at;
    uint32_t length;
    uint32_t count;
    uint8_t hops;  // what their TTL is lowered by

    bool TypeIs(layout::FrameType type) const { return (at[layout::OFFSET_VERSION_TYPE] & 15) == uint8_t(type); }
  };

  bool IsWhole(const Run& run) const;
  void Chain(int32_t index, Run& run);
  void SendLink(uint32_t index);
  void Collect(const Run& run, const Link& link, uint32_t mtu);
  uint8_t* Admit(const Packet& first, uint32_t& count, uint8_t hops, uint32_t mtu);
  uint32_t RowAt(uint32_t packet, uint32_t end) const;
  template <class Empty>
  void TakeRow(Row row, Empty empty);
  void SendFrames(const Link& link);
  void SealFrames(const Link& link, bool forwarded);
  void SendProbes(const Link& link, const Row& probes);
  void WriteHeaders(const Link& link, uint64_t counter);
  void WriteTags(SipKey key, bool tagged, uint64_t counter);
  void SendRaw(const Run& run, const RunAddress& to);
  void SendThrough(LocalOutlets::Outlet& outlet, Socket& socket, const Run& run);
  void SendHeld();
  void Use(Socket& socket, const Destination& destination);
  void AddRow(uint8_t* at, uint32_t length, uint32_t count, bool forwarded);
  void Flush();

  Context& c_;
  Transmitter transmitter_;
  LocalOutlets outlets_;
  Gather gather_;
  Socket* socket_ = nullptr;
  uint32_t sent_ = 0;
  std::vector<LinkChain> chains_;
  std::vector<uint32_t> touched_;
  uint32_t framesInHand_ = 0;
  uint32_t rowsInHand_ = 0;
  Row rows_[TAG_BATCH];
  TagBatch tags_;
};

}  // namespace portolan
