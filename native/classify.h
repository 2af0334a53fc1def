// The first half of a packet's way: what arrived is cut into frames and checked, in the order that ts/data/port.ts fixes for all ports:
// length, version, type, link number, size, tag, replay. What is good becomes runs of the batch.
#pragma once

#include "context.h"
#include "handshake_gate.h"
#include "replay_window.h"

namespace portolan {

/// Room in the batch that is left for what the stages add.
inline constexpr uint32_t MAX_RECEIVED = layout::MAX_RUNS - 512;

class Classifier {
 public:
  explicit Classifier(Context& context) : c_(context) {}

  /// Takes a buffer of the slab: frames of `segment` bytes each, the last perhaps shorter, from one sender. `from` must stay until Finish.
  void Take(uint32_t offset, uint32_t length, uint32_t segment, const SocketAddress& from, uint32_t socket);

  /// Takes a plain datagram of a port forward.
  void TakeRaw(uint32_t offset, uint32_t length, const SocketAddress& from, uint32_t socket);

  /// Adds a run without packets: nobody is at the other end of a local socket. False when the batch is full.
  bool TakeRefused(uint32_t socket);

  /// Checks what was taken and is not checked yet. After it nothing of the caller's is referred to.
  void Finish();

 private:
  /// A frame that has passed all checks but tag and replay.
  struct Candidate {
    uint32_t offset, length;
    uint64_t counter;
    uint16_t link;
    bool tagged;
    bool data;
    bool alike;      // data: belongs into one run with the frame before it
    uint16_t other;  // not data: its place among the others
  };
  /// What only frames that are not data have.
  struct Other {
    layout::RunKind kind;
    uint32_t socket;
    uint64_t tag;
    const SocketAddress* from;
  };
  /// The link of the frames in hand, looked up once a row of frames with one number.
  struct CurrentLink {
    uint64_t number = UINT64_MAX;
    bool known = false;
    bool tagged = false;
    uint32_t index = 0;
    SipKey key = {};
    uint64_t highest = 0;
    /// Bytes 0-7 of the last data frame of this link: another one with the same needs no checks but of its length.
    bool seen = false;
    uint64_t word0 = 0;
  };
  void Frame(uint32_t offset, uint32_t length, const SocketAddress& from, uint32_t socket);
  void Data(uint32_t offset, uint32_t length, const uint8_t* frame, uint64_t word0, bool follows);
  Other& NotData(uint32_t offset, uint32_t length, layout::RunKind kind, const SocketAddress& from, uint32_t socket);
  bool MayHandshake(uint32_t number, const uint8_t* frame, uint32_t length);
  void LookUp(uint32_t number);
  uint32_t RowAt(uint32_t i) const;
  bool IsTagGood(uint32_t i) const;
  bool Append(uint32_t i);
  bool AppendRow(uint32_t i, uint32_t count);
  void WriteAddress(uint32_t run, const SocketAddress& from, uint32_t socket);

  Context& c_;
  CurrentLink link_;
  uint32_t taken_ = 0;
  uint32_t toTag_ = 0;
  uint32_t others_ = 0;
  Candidate candidates_[TAG_BATCH];
  /// The tags that data frames carry.
  uint64_t carried_[TAG_BATCH];
  Other otherOf_[TAG_BATCH];
  TagBatch tags_;
  HandshakeGate gate_;
  // Bytes 0-11, 24-31 and 36-39 of the run that is being extended.
  uint64_t runWords_[4] = {};
};

}  // namespace portolan
