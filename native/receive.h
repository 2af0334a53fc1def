// Taking what has arrived out of the kernel, straight into blocks of the slab.
#pragma once

#include <memory>
#include <vector>

#include "classify.h"
#include "context.h"

namespace portolan {

/// Messages that one recvmmsg may bring.
inline constexpr uint32_t MAX_RECEIVE_MESSAGES = 64;

/// The message headers of one kind of socket, with memory behind each that is waiting to be filled.
///
///   GRO on     a block a message: up to 64 KB of segments
///   GRO off    a cell a message, 7 in a block:  | 64 bytes, room for headers | datagram, up to 9280 bytes |
///              what a local program sends beyond that goes into memory of its own first, then with the rest into a block
class Intake {
 public:
  Intake(Context& context, Classifier& classifier, bool gro);

  /// Takes up to `messages` from the socket. Returns how many came, 0 when none waited.
  uint32_t Receive(Socket& socket, uint32_t messages);

 private:
  struct Ancillary {
    alignas(cmsghdr) char bytes[2 * CMSG_SPACE(sizeof(uint32_t))];
  };

  uint32_t Arm(uint32_t messages);
  uint8_t* NextPlace();
  void Take(Socket& socket, uint32_t message, uint32_t length);
  void TakeLarge(Socket& socket, uint32_t message, uint32_t length);
  uint8_t* OverflowOf(uint32_t message) const;
  uint32_t ReadAncillary(Socket& socket, msghdr& header);

  Context& c_;
  Classifier& classifier_;
  const bool gro_;
  /// Messages first_ .. end_ - 1 have memory behind them. The first ones get new memory before each call: blocks that were freed last,
  /// which are still in the cache, instead of those that have waited.
  uint32_t first_ = 0, end_ = 0;
  int32_t cellBlock_ = NO_BLOCK;
  uint32_t cellsUsed_ = 0;
  mmsghdr headers_[MAX_RECEIVE_MESSAGES];
  struct Place {
    iovec pieces[2] = {};
  };
  Place places_[MAX_RECEIVE_MESSAGES];
  /// Without GRO, where a message goes on that is larger than its cell.
  std::unique_ptr<uint8_t[]> overflow_;
  SocketAddress names_[MAX_RECEIVE_MESSAGES];
  Ancillary ancillary_[MAX_RECEIVE_MESSAGES];
};

}  // namespace portolan
