#include "receiver_room.h"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <cstring>

namespace portolan {

namespace {

struct Request {
  nlmsghdr header;
  inet_diag_req_v2 what;
};

/// The kernel looks up the socket as if a datagram came from `source` to `destination`.
inet_diag_sockid Identify(const SocketAddress& from, const SocketAddress& to) {
  inet_diag_sockid id = {};
  if (to.any.sa_family == AF_INET6) {
    id.idiag_sport = from.v6.sin6_port;
    id.idiag_dport = to.v6.sin6_port;
    std::memcpy(id.idiag_src, &from.v6.sin6_addr, sizeof from.v6.sin6_addr);
    std::memcpy(id.idiag_dst, &to.v6.sin6_addr, sizeof to.v6.sin6_addr);
  } else {
    id.idiag_sport = from.v4.sin_port;
    id.idiag_dport = to.v4.sin_port;
    std::memcpy(id.idiag_src, &from.v4.sin_addr, sizeof from.v4.sin_addr);
    std::memcpy(id.idiag_dst, &to.v4.sin_addr, sizeof to.v4.sin_addr);
  }
  id.idiag_cookie[0] = id.idiag_cookie[1] = INET_DIAG_NOCOOKIE;
  return id;
}

std::optional<uint32_t> ReadRoom(const uint8_t* reply, size_t length) {
  nlmsghdr header;
  if (length < NLMSG_SPACE(sizeof(inet_diag_msg))) return std::nullopt;
  std::memcpy(&header, reply, sizeof header);
  if (header.nlmsg_type != SOCK_DIAG_BY_FAMILY) return std::nullopt;  // NLMSG_ERROR: ENOENT
  const size_t end = std::min<size_t>(length, header.nlmsg_len);
  for (size_t at = NLMSG_SPACE(sizeof(inet_diag_msg)); at + sizeof(rtattr) <= end;) {
    rtattr attribute;
    std::memcpy(&attribute, reply + at, sizeof attribute);
    if (attribute.rta_len < sizeof attribute || at + attribute.rta_len > end) break;
    if (attribute.rta_type == INET_DIAG_SKMEMINFO && attribute.rta_len >= RTA_LENGTH(2 * sizeof(uint32_t))) {
      uint32_t taken, size;
      std::memcpy(&taken, reply + at + RTA_LENGTH(SK_MEMINFO_RMEM_ALLOC * sizeof(uint32_t)), sizeof taken);
      std::memcpy(&size, reply + at + RTA_LENGTH(SK_MEMINFO_RCVBUF * sizeof(uint32_t)), sizeof size);
      return size > taken ? size - taken : 0;
    }
    at += RTA_ALIGN(attribute.rta_len);
  }
  return std::nullopt;
}

}  // namespace

ReceiverRoom::ReceiverRoom() : netlink_(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG)) {}

std::optional<uint32_t> ReceiverRoom::Ask(const SocketAddress& from, const SocketAddress& to) const {
  if (netlink_.Get() < 0) return std::nullopt;
  Request request = {};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  request.header.nlmsg_flags = NLM_F_REQUEST;
  request.what.sdiag_family = to.any.sa_family;
  request.what.sdiag_protocol = IPPROTO_UDP;
  request.what.idiag_ext = 1 << (INET_DIAG_SKMEMINFO - 1);
  request.what.idiag_states = UINT32_MAX;
  request.what.id = Identify(from, to);
  if (send(netlink_.Get(), &request, sizeof request, 0) < 0) return std::nullopt;
  alignas(nlmsghdr) uint8_t reply[1024];  // the kernel answers before send returns
  const ssize_t length = recv(netlink_.Get(), reply, sizeof reply, 0);
  return length > 0 ? ReadRoom(reply, static_cast<size_t>(length)) : std::nullopt;
}

}  // namespace portolan
