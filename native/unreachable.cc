#include "unreachable.h"

#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>

#include "system_error.h"

namespace portolan {

namespace {

// What the message quotes: the headers of a datagram from the program, by which its kernel finds the socket.
//
//   ICMP header, 8 bytes | IP header of the datagram | its UDP header, 8 bytes
struct Message4 {
  icmphdr icmp = {};
  iphdr ip = {};
  udphdr udp = {};
};
static_assert(sizeof(Message4) == 36);

struct Message6 {
  icmp6_hdr icmp = {};
  ip6_hdr ip = {};
  udphdr udp = {};
};
static_assert(sizeof(Message6) == 56);

struct Icmp {
  uint8_t type, code;
};

struct IcmpMessages {
  Icmp v4, v6;
};

std::optional<IcmpMessages> MessagesOf(PacketError error) {
  switch (error) {
    case PacketError::TtlExceeded:
      return {{{ICMP_TIME_EXCEEDED, ICMP_EXC_TTL}, {ICMP6_TIME_EXCEEDED, ICMP6_TIME_EXCEED_TRANSIT}}};
    case PacketError::NoRoute:
      return {{{ICMP_DEST_UNREACH, ICMP_HOST_UNREACH}, {ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADDR}}};
    case PacketError::PortUnreachable:
      return {{{ICMP_DEST_UNREACH, ICMP_PORT_UNREACH}, {ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_NOPORT}}};
    case PacketError::Prohibited:
      return {{{ICMP_DEST_UNREACH, ICMP_PKT_FILTERED}, {ICMP6_DST_UNREACH, ICMP6_DST_UNREACH_ADMIN}}};
  }
  return std::nullopt;
}

uint16_t Checksum(const void* data, size_t bytes) {
  uint32_t sum = 0;
  for (size_t i = 0; i + 1 < bytes; i += 2) {
    uint16_t word;
    std::memcpy(&word, static_cast<const uint8_t*>(data) + i, sizeof word);
    sum += word;
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<uint16_t>(~sum);
}

bool SendRaw(int family, int protocol, const void* message, size_t bytes, const sockaddr* to, socklen_t length) {
  const OwnedFd fd(socket(family, SOCK_RAW | SOCK_CLOEXEC, protocol));
  return fd.Get() >= 0 && sendto(fd.Get(), message, bytes, MSG_DONTWAIT, to, length) >= 0;
}

udphdr UdpHeader(uint16_t source, uint16_t destination) {
  udphdr udp = {};
  udp.source = source;
  udp.dest = destination;
  udp.len = htons(sizeof udp);
  return udp;
}

}  // namespace

bool SendPacketError(PacketError error, const SocketAddress& program, const SocketAddress& port) {
  const std::optional<IcmpMessages> kinds = MessagesOf(error);
  if (!kinds || program.any.sa_family != port.any.sa_family) return false;
  if (program.any.sa_family == AF_INET) {
    Message4 message;
    message.icmp.type = kinds->v4.type;
    message.icmp.code = kinds->v4.code;
    message.ip.version = 4;
    message.ip.ihl = sizeof message.ip / 4;
    message.ip.tot_len = htons(sizeof message.ip + sizeof message.udp);
    message.ip.ttl = 64;
    message.ip.protocol = IPPROTO_UDP;
    message.ip.saddr = program.v4.sin_addr.s_addr;
    message.ip.daddr = port.v4.sin_addr.s_addr;
    message.ip.check = Checksum(&message.ip, sizeof message.ip);
    message.udp = UdpHeader(program.v4.sin_port, port.v4.sin_port);
    message.icmp.checksum = Checksum(&message, sizeof message);
    sockaddr_in to = program.v4;
    to.sin_port = 0;
    return SendRaw(AF_INET, IPPROTO_ICMP, &message, sizeof message, reinterpret_cast<sockaddr*>(&to), sizeof to);
  }
  Message6 message;  // its checksum is the kernel's
  message.icmp.icmp6_type = kinds->v6.type;
  message.icmp.icmp6_code = kinds->v6.code;
  message.ip.ip6_vfc = 6 << 4;
  message.ip.ip6_plen = htons(sizeof message.udp);
  message.ip.ip6_nxt = IPPROTO_UDP;
  message.ip.ip6_hlim = 64;
  message.ip.ip6_src = program.v6.sin6_addr;
  message.ip.ip6_dst = port.v6.sin6_addr;
  message.udp = UdpHeader(program.v6.sin6_port, port.v6.sin6_port);
  sockaddr_in6 to = program.v6;
  to.sin6_port = 0;
  return SendRaw(AF_INET6, IPPROTO_ICMPV6, &message, sizeof message, reinterpret_cast<sockaddr*>(&to), sizeof to);
}

}  // namespace portolan
