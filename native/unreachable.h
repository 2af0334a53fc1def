// Telling a UDP program that what it sends does not arrive, as the host at the other end would: by an ICMP message.
#pragma once

#include "socket.h"

namespace portolan {

/// What may have become of a datagram: numbers as in error packets (ts/wire/error-payload.ts).
enum class PacketError : uint8_t { TtlExceeded = 1, NoRoute = 2, PortUnreachable = 3, Prohibited = 5 };

/// Sends the ICMP message for `error` to `program` about its datagrams to `port`, both of one address family. False when there is none, or the system does not
/// let this process send ICMP (it needs CAP_NET_RAW).
bool SendPacketError(PacketError error, const SocketAddress& program, const SocketAddress& port);

}  // namespace portolan
