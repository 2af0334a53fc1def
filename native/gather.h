// Building messages for sendmmsg without copying payloads. With segmentation offload a message carries a row of segments of one size,
// of which the last may be shorter, to one destination:
//
//   slab      |H|payload|H|payload|H|payload|   ...   |H|payload|
//   iovec 0   [---------- contiguous segments --------]
//   iovec 1                                           (elsewhere) [-----------]
//   message   name, iovecs 0-1, UDP_SEGMENT = length of H + payload
//
// A message ends at 64 segments, 65 000 bytes, 1024 iovecs, or at another size.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cstdint>

#include "socket.h"

namespace portolan {

inline constexpr uint32_t MAX_SEGMENTS = 64;
inline constexpr uint32_t MAX_MESSAGE_BYTES = 65000;
/// What one sendmmsg takes (UIO_MAXIOV); also the iovecs that one message may have.
inline constexpr uint32_t MAX_MESSAGES = 1024;
inline constexpr uint32_t MAX_PIECES = 4096;
static_assert(MAX_SEGMENTS <= 1024, "a message has at most one iovec a segment, and the kernel takes 1024");

struct Destination {
  SocketAddress address = {};
  socklen_t length = 0;
  /// The link that its frames are counted on; 0: none.
  uint32_t link = 0;
};

/// What is counted when a message has left, or has not.
struct MessageFacts {
  uint32_t packets = 0;
  uint32_t bytes = 0;
  /// Packets of other nodes, which count as forwarded.
  uint32_t forwarded = 0;
  /// Length of each segment but the last.
  uint32_t segment = 0;
};

class Gather {
 public:
  /// All messages so far have been dealt with.
  void Clear() { messages_ = pieces_ = destinations_ = 0; }

  /// Whether the next packet, of a destination that may be new, still fits.
  bool HasRoom() const { return messages_ + 1 < MAX_MESSAGES && pieces_ + 1 < MAX_PIECES && destinations_ < MAX_MESSAGES; }

  /// Packets that are added from now on go to `destination`, in messages of one packet each unless `gso`.
  void Begin(const Destination& destination, bool gso) {
    End();
    destinationOf_[destinations_++] = destination;
    gso_ = gso;
  }
  const Destination& LastDestination() const { return destinationOf_[destinations_ - 1]; }

  /// Adds packets from a row of `count` ones of `length` bytes that lie one behind the other. Returns how many it took: at least one,
  /// and no more than go into one message. To be called only while there is room.
  uint32_t AddRow(uint8_t* at, uint32_t length, uint32_t count, bool forwarded) {
    if (open_ && !Fits(length)) End();
    if (!open_) Open(length);
    MessageFacts& facts = facts_[messages_];
    uint32_t taken = 1;
    if (gso_ && length == facts.segment && length > 0)
      taken = std::max(1u, std::min({count, MAX_SEGMENTS - facts.packets, (MAX_MESSAGE_BYTES - facts.bytes) / length}));
    const uint32_t bytes = taken * length;
    if (facts.packets > 0 && EndOf(pieceOf_[pieces_ - 1]) == at) {
      pieceOf_[pieces_ - 1].iov_len += bytes;
    } else {
      pieceOf_[pieces_++] = {at, bytes};
      headers_[messages_].msg_hdr.msg_iovlen++;
    }
    facts.packets += taken;
    facts.bytes += bytes;
    facts.forwarded += forwarded ? taken : 0;
    if (length < facts.segment) End();  // a short segment can only be the last
    return taken;
  }

  /// Ends the message in hand.
  void End() {
    if (!open_) return;
    open_ = false;
    msghdr& header = headers_[messages_].msg_hdr;
    const MessageFacts& facts = facts_[messages_];
    if (facts.packets > 1) {
      header.msg_control = control_[messages_].bytes;
      header.msg_controllen = SegmentControl(control_[messages_], facts.segment);
    }
    messages_++;
  }

  uint32_t Messages() const { return messages_; }
  mmsghdr* Headers() { return headers_; }
  const MessageFacts& FactsOf(uint32_t message) const { return facts_[message]; }
  const Destination& DestinationOf(uint32_t message) const { return destinationOf_[destinationIndex_[message]]; }

  struct Control {
    alignas(cmsghdr) char bytes[CMSG_SPACE(sizeof(uint16_t))];
  };
  /// Writes the control message that asks for segments of `size` bytes; returns its length.
  static size_t SegmentControl(Control& control, uint32_t size);

 private:
  bool Fits(uint32_t length) const {
    const MessageFacts& facts = facts_[messages_];
    return gso_ && facts.segment > 0 && length <= facts.segment && facts.packets < MAX_SEGMENTS && facts.bytes + length <= MAX_MESSAGE_BYTES;
  }

  static uint8_t* EndOf(const iovec& piece) { return static_cast<uint8_t*>(piece.iov_base) + piece.iov_len; }

  void Open(uint32_t length) {
    open_ = true;
    facts_[messages_] = {0, 0, 0, length};
    destinationIndex_[messages_] = destinations_ - 1;
    Destination& destination = destinationOf_[destinations_ - 1];
    headers_[messages_] = {};
    msghdr& header = headers_[messages_].msg_hdr;
    header.msg_name = &destination.address;
    header.msg_namelen = destination.length;
    header.msg_iov = pieceOf_ + pieces_;
  }

  bool open_ = false;
  bool gso_ = false;
  uint32_t messages_ = 0, pieces_ = 0, destinations_ = 0;
  mmsghdr headers_[MAX_MESSAGES];
  MessageFacts facts_[MAX_MESSAGES];
  uint32_t destinationIndex_[MAX_MESSAGES];
  Control control_[MAX_MESSAGES];
  iovec pieceOf_[MAX_PIECES];
  Destination destinationOf_[MAX_MESSAGES];
};

}  // namespace portolan
