// The sockets that a worker's packet path uses: the node's listening ones (lent) and those of port forwards.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "gather.h"
#include "socket.h"

namespace portolan {

enum class SocketKind { Link, Local };

/// Numbers of sockets are below this.
inline constexpr uint32_t MAX_SOCKETS = 4096;

/// A message that the kernel had no room for, with its blocks held.
struct PendingMessage {
  Destination destination;
  MessageFacts facts;
  std::vector<iovec> pieces;
};

struct Socket {
  int fd = -1;
  uint32_t number = 0;
  SocketKind kind = SocketKind::Link;
  bool gso = false;
  bool gro = false;
  /// Why an offload is off.
  std::string reason;
  /// Runs that went plainly after segmentation had failed; two, and the socket loses GSO.
  uint32_t gsoFailures = 0;
  /// What SO_RXQ_OVFL said last: the kernel counts from the opening of the socket.
  uint32_t overflow = 0;
  uint64_t overflowTotal = 0;
  /// The last receive call brought as much as was asked for: there may be more.
  bool readable = false;
  /// Nobody is at the other end of a local socket, as ICMP has told.
  bool refused = false;
  std::deque<PendingMessage> pending;
  uint32_t pendingPackets = 0;
};

class SocketTable {
 public:
  Socket* Find(uint32_t number) const { return number < MAX_SOCKETS ? byNumber_[number].get() : nullptr; }
  /// All sockets, in the order of their numbers.
  const std::vector<Socket*>& All() const { return all_; }
  Socket& Add(uint32_t number);
  void Remove(uint32_t number);

 private:
  std::vector<std::unique_ptr<Socket>> byNumber_ = std::vector<std::unique_ptr<Socket>>(MAX_SOCKETS);
  std::vector<Socket*> all_;
};

}  // namespace portolan
