#include "socket.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/udp.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "system_error.h"

namespace portolan {

OwnedFd::~OwnedFd() {
  if (fd_ >= 0) close(fd_);
}

namespace {

}  // namespace

SocketAddress ParseAddress(const std::string& host, uint16_t port, socklen_t& length) {
  addrinfo hints = {};
  hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  const int problem = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (problem != 0) throw SystemError("'" + host + "' is not an IP address", EINVAL);
  SocketAddress address = {};
  length = found->ai_addrlen;
  std::memcpy(&address, found->ai_addr, length);
  freeaddrinfo(found);
  return address;
}

namespace {

void SetOption(int fd, int level, int name, int value, const char* what) {
  if (setsockopt(fd, level, name, &value, sizeof value) != 0) throw SystemError(what, errno);
}

/// Buffers beyond the system's limit need a privilege: ask with it, then without.
void SetBuffer(int fd, int forced, int plain, int bytes) {
  if (bytes <= 0) return;
  if (setsockopt(fd, SOL_SOCKET, forced, &bytes, sizeof bytes) == 0) return;
  SetOption(fd, SOL_SOCKET, plain, bytes, "cannot set a socket's buffer");
}

/// Don't-fragment on every frame, without the kernel's own idea of the path's MTU: links probe it themselves.
void ForbidFragments(int fd, int family) {
  const bool v4 = family == AF_INET;
  SetOption(fd, v4 ? IPPROTO_IP : IPPROTO_IPV6, v4 ? IP_MTU_DISCOVER : IPV6_MTU_DISCOVER,
            v4 ? IP_PMTUDISC_PROBE : IPV6_PMTUDISC_PROBE, "cannot forbid fragments");
}

Offload Refused(const char* spelled) {
  return {false, std::string("the kernel refuses ") + spelled + ": " + std::strerror(errno)};
}

void ReadName(int fd, UdpSocket& socket) {
  SocketAddress address = {};
  socklen_t length = sizeof address;
  if (getsockname(fd, &address.any, &length) != 0) throw SystemError("getsockname", errno);
  char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
  if (getnameinfo(&address.any, length, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) socket.host = text;
  socket.port = ntohs(address.any.sa_family == AF_INET ? address.v4.sin_port : address.v6.sin6_port);
}

}  // namespace

Offload SetSegmentation(int fd, bool wanted) {
  if (!wanted) return {false, "switched off"};
  // Size 0: no segmentation unless a message asks for it; a kernel that does not know the option refuses.
  const int none = 0;
  return setsockopt(fd, SOL_UDP, UDP_SEGMENT, &none, sizeof none) == 0 ? Offload{true, ""} : Refused("UDP_SEGMENT");
}

Offload SetCoalescing(int fd, bool wanted) {
  const int value = wanted ? 1 : 0;
  const bool set = setsockopt(fd, SOL_UDP, UDP_GRO, &value, sizeof value) == 0;
  if (!wanted) return {false, "switched off"};
  return set ? Offload{true, ""} : Refused("UDP_GRO");
}

UdpSocket OpenUdpSocket(const UdpOptions& options) {
  socklen_t length;
  const SocketAddress address = ParseAddress(options.host, options.port, length);
  const int family = address.any.sa_family;
  OwnedFd fd(socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (fd.Get() < 0) throw SystemError("cannot make a socket", errno);

  if (family == AF_INET6) SetOption(fd.Get(), IPPROTO_IPV6, IPV6_V6ONLY, 1, "cannot set IPV6_V6ONLY");
  if (options.joins) SetOption(fd.Get(), SOL_SOCKET, SO_REUSEPORT, 1, "cannot set SO_REUSEPORT");
  SetOption(fd.Get(), SOL_SOCKET, SO_RXQ_OVFL, 1, "cannot set SO_RXQ_OVFL");
  SetBuffer(fd.Get(), SO_RCVBUFFORCE, SO_RCVBUF, options.receiveBuffer);
  SetBuffer(fd.Get(), SO_SNDBUFFORCE, SO_SNDBUF, options.sendBuffer);
  if (!options.fragments) ForbidFragments(fd.Get(), family);
  if (bind(fd.Get(), &address.any, length) != 0) throw SystemError("cannot bind " + options.host, errno);
  // Whoever sets it before, joins whoever is there: two nodes of one user would share a port, each with half of the frames; even where
  // the kernel chooses the port, for to it one in use by such a group is as good as free.
  if (options.reusePort) SetOption(fd.Get(), SOL_SOCKET, SO_REUSEPORT, 1, "cannot set SO_REUSEPORT");

  if (!options.peerHost.empty()) {
    socklen_t peerLength;
    const SocketAddress peer = ParseAddress(options.peerHost, options.peerPort, peerLength);
    if (connect(fd.Get(), &peer.any, peerLength) != 0) throw SystemError("cannot connect to " + options.peerHost, errno);
  }
  UdpSocket opened = {};
  opened.gso = SetSegmentation(fd.Get(), options.gso);
  opened.gro = SetCoalescing(fd.Get(), options.gro);
  ReadName(fd.Get(), opened);
  opened.fd = fd.Release();
  return opened;
}

int CreateEvent() {
  const int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd < 0) throw SystemError("eventfd", errno);
  return fd;
}

void DetachSocket(int fd) {
  OwnedFd nothing(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (nothing.Get() < 0 || dup3(nothing.Get(), fd, O_CLOEXEC) < 0) throw SystemError("cannot detach a socket", errno);
}

void SignalEvent(int fd) {
  const uint64_t one = 1;
  // EAGAIN means that the event's counter is full: then it is signalled already.
  if (write(fd, &one, sizeof one) != sizeof one && errno != EAGAIN) throw SystemError("cannot signal an event", errno);
}

socklen_t MakeAddress(SocketAddress& address, uint32_t family, uint32_t port, const uint8_t* bytes, uint32_t scope) {
  address = {};
  if (family == 4) {
    address.v4.sin_family = AF_INET;
    address.v4.sin_port = htons(port);
    std::memcpy(&address.v4.sin_addr, bytes, 4);
    return sizeof address.v4;
  }
  if (family == 6) {
    address.v6.sin6_family = AF_INET6;
    address.v6.sin6_port = htons(port);
    std::memcpy(&address.v6.sin6_addr, bytes, 16);
    address.v6.sin6_scope_id = scope;
    return sizeof address.v6;
  }
  return 0;
}

}  // namespace portolan
