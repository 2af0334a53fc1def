// Telling a UDP program that what it sends does not arrive, as the host at the other end would: by an ICMP message.
#pragma once

#include "socket.h"

namespace portolan {

/// Sends "port unreachable" to `program` about its datagrams to `port`, both of one address family. False when the system does not let this
/// process send ICMP (it needs CAP_NET_RAW).
bool SendPortUnreachable(const SocketAddress& program, const SocketAddress& port);

}  // namespace portolan
