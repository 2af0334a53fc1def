// How much room the receive buffer of a program's UDP socket on this machine has, as the kernel tells it over sock_diag (what `ss -uam` shows).
// It costs about two microseconds, needs no privilege, and names the socket that a datagram from `from` to `to` would be delivered to.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "socket.h"
#include "system_error.h"

namespace portolan {

/// What a queued datagram of `length` bytes takes from its receiver's buffer: its bytes and the kernel's own, as a whole power of two when it
/// comes alone, less when it was cut from a segmented message. Never too little, on the kernels that were measured (5.10 to 6.18).
inline uint32_t RoomTaken(uint32_t length) {
  uint32_t alone = 512;
  while (alone < length + 362) alone *= 2;
  return std::max(alone + 256, length + 832);
}

class ReceiverRoom {
 public:
  /// Never throws: where sock_diag is missing (an older kernel, a sandbox), nothing is known.
  ReceiverRoom();

  /// Bytes (as the kernel counts them) that fit into the buffer of the socket that listens at `to`, of the same family as `from`; nothing when
  /// there is no such socket in this network namespace.
  std::optional<uint32_t> Ask(const SocketAddress& from, const SocketAddress& to) const;

 private:
  OwnedFd netlink_;
};

}  // namespace portolan
