// Handing messages to the kernel, and what follows when it does not take them.
//
//   taken                                     count
//   EINVAL, EIO, EMSGSIZE, several segments   send them plainly; works twice -> the socket loses GSO
//   EMSGSIZE, one packet                      oversize, and the link's MTU falls; GSO stays
//   EMSGSIZE, one probe of the MTU            probeTooBig
//   EAGAIN                                    keep what is left until EPOLLOUT, bounded; what does not fit is egressFull
//   anything else                             sendFailed
//
// Other sockets go on in any case, and nothing spins.
#pragma once

#include "context.h"
#include "gather.h"

namespace portolan {

/// Packets that one full socket may keep waiting.
inline constexpr uint32_t MAX_PENDING_PACKETS = 2048;
/// GSO is lost after this many runs that went plainly when segmentation had failed.
inline constexpr uint32_t GSO_FAILURES = 2;

class Transmitter {
 public:
  explicit Transmitter(Context& context) : c_(context) {}

  /// Sends all messages of `gather` from `socket` and clears it. Returns the packets that the kernel took or that wait.
  uint32_t Send(Socket& socket, Gather& gather);

  /// The socket takes more: sends what waits.
  void SendPending(Socket& socket);

  /// Forgets what waits, as egressFull: the socket goes away.
  void DropPending(Socket& socket);

 private:
  enum class Outcome { Taken, Refused, Full };

  Outcome Refused(Socket& socket, const msghdr& message, const MessageFacts& facts, const Destination& destination, int error);
  Outcome SendPlainly(Socket& socket, const msghdr& message, const MessageFacts& facts, const Destination& destination, int error);
  void Fail(const msghdr& message, const MessageFacts& facts, const Destination& destination, int error);
  void Count(const Socket& socket, const MessageFacts& facts, const Destination& destination);
  uint32_t Keep(Socket& socket, const msghdr& message, const MessageFacts& facts, const Destination& destination);
  void LoseGso(Socket& socket, int error);
  void LowerMtu(uint32_t link, uint32_t length);

  Context& c_;
};

}  // namespace portolan
