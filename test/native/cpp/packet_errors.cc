// What a program's own kernel makes of the messages by which it is told of errors.
#include <time.h>
#include <linux/errqueue.h>
#include <poll.h>

#include <cstring>
#include <iostream>
#include <string>

#include "check.h"
#include "socket.h"
#include "unreachable.h"

namespace portolan {
namespace {

SocketAddress Bound(int fd, const char* host) {
  SocketAddress address = {};
  socklen_t length;
  address = ParseAddress(host, 0, length);
  CHECK(bind(fd, &address.any, length) == 0);
  CHECK(getsockname(fd, &address.any, &length) == 0);
  return address;
}

void Hears(const char* host, PacketError error, int type, int code, int wanted) {
  const bool is4 = std::string(host) == "127.0.0.1";
  const int family = is4 ? AF_INET : AF_INET6, on = 1;
  const OwnedFd program(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0)), forward(socket(family, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  const SocketAddress from = Bound(program.Get(), host), to = Bound(forward.Get(), host);
  CHECK(setsockopt(program.Get(), is4 ? SOL_IP : SOL_IPV6, is4 ? IP_RECVERR : IPV6_RECVERR, &on, sizeof on) == 0);
  CHECK(connect(program.Get(), &to.any, is4 ? sizeof to.v4 : sizeof to.v6) == 0);
  if (!SendPacketError(error, from, to)) {
    std::cout << "not allowed\n";
    return;
  }
  pollfd wait = {program.Get(), 0, 0};
  CHECK(poll(&wait, 1, 10'000) == 1);
  char control[512], data[64];
  iovec part = {data, sizeof data};
  msghdr message = {};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control;
  message.msg_controllen = sizeof control;
  CHECK(recvmsg(program.Get(), &message, MSG_ERRQUEUE) >= 0);
  const cmsghdr* header = CMSG_FIRSTHDR(&message);
  CHECK(header != nullptr);
  sock_extended_err told;
  std::memcpy(&told, CMSG_DATA(header), sizeof told);
  CHECK(told.ee_type == type && told.ee_code == code && told.ee_errno == uint32_t(wanted));
}

}  // namespace

void PacketErrors() {
  Hears("127.0.0.1", PacketError::TtlExceeded, 11, 0, EHOSTUNREACH);
  Hears("127.0.0.1", PacketError::NoRoute, 3, 1, EHOSTUNREACH);
  Hears("127.0.0.1", PacketError::PortUnreachable, 3, 3, ECONNREFUSED);
  Hears("127.0.0.1", PacketError::Prohibited, 3, 13, EHOSTUNREACH);
  Hears("::1", PacketError::TtlExceeded, 3, 0, EHOSTUNREACH);
  Hears("::1", PacketError::NoRoute, 1, 3, EHOSTUNREACH);
  Hears("::1", PacketError::PortUnreachable, 1, 4, ECONNREFUSED);
  Hears("::1", PacketError::Prohibited, 1, 1, EACCES);
  SocketAddress any = {};
  any.any.sa_family = AF_INET;
  CHECK(!SendPacketError(static_cast<PacketError>(4), any, any));
  std::cout << "ok\n";
}

}  // namespace portolan
