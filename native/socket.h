// Opening UDP sockets and finding out what the kernel can do for them.
#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <string>

namespace portolan {

union SocketAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

struct UdpOptions {
  std::string host;  // an IPv4 or IPv6 address as text, with %scope where it is link-local
  uint16_t port = 0;
  bool reusePort = false;  // others may share its port afterwards
  bool joins = false;      // shares the port of those that are there; without it the port must be free
  // Whom it talks to, if only to one: then the kernel tells when nobody is there. Empty: anybody.
  std::string peerHost = {};
  uint16_t peerPort = 0;
  bool fragments = false;  // may the kernel cut what is larger than the path's MTU?
  int receiveBuffer = 0;  // bytes; 0: the system's default
  int sendBuffer = 0;
  bool gso = true;
  bool gro = true;
};

/// Whether an offload is on, and if not, why.
struct Offload {
  bool on = false;
  std::string reason;
};

struct UdpSocket {
  int fd;
  std::string host;
  uint16_t port;  // the one that the kernel gave when 0 was asked for
  Offload gso, gro;
};

/// Switches UDP_SEGMENT or UDP_GRO on or off; off when the kernel refuses.
Offload SetSegmentation(int fd, bool wanted);
Offload SetCoalescing(int fd, bool wanted);

/// Opens and binds a non-blocking socket and probes its offloads. Throws SystemError (EADDRINUSE ...).
UdpSocket OpenUdpSocket(const UdpOptions& options);

/// Reads an IPv4 or IPv6 address from text. Throws SystemError (EINVAL).
SocketAddress ParseAddress(const std::string& host, uint16_t port, socklen_t& length);

/// An eventfd: what wakes a worker that sleeps in epoll.
int CreateEvent();
/// Closes what is behind `fd` and puts a socket in its place that is bound to nothing: for a thread that cannot be stopped and may use
/// the number again. Of a group that shares a port, the others get what came to this one.
void DetachSocket(int fd);
void SignalEvent(int fd);

/// Fills `address` from the family (4 or 6), port, address bytes and scope of shared memory. 0 when the family is neither.
socklen_t MakeAddress(SocketAddress& address, uint32_t family, uint32_t port, const uint8_t* bytes, uint32_t scope);

}  // namespace portolan
