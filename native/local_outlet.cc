#include "local_outlet.h"

namespace portolan {

using layout::Counter;

namespace {

constexpr uint32_t LOOPBACK_NETWORK = 127;

bool IsLoopback(const SocketAddress& address) {
  if (address.any.sa_family == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&address.v6.sin6_addr);
  return address.any.sa_family == AF_INET && ntohl(address.v4.sin_addr.s_addr) >> 24 == LOOPBACK_NETWORK;
}

/// What a datagram from the socket to a loopback address says that it comes from.
SocketAddress SourceOf(const Socket& socket) {
  SocketAddress address = {};
  socklen_t length = sizeof address;
  if (getsockname(socket.fd, &address.any, &length) != 0) return {};
  if (address.any.sa_family == AF_INET6 && IN6_IS_ADDR_UNSPECIFIED(&address.v6.sin6_addr))
    address.v6.sin6_addr = IN6ADDR_LOOPBACK_INIT;
  if (address.any.sa_family == AF_INET && address.v4.sin_addr.s_addr == INADDR_ANY)
    address.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

std::optional<LocalOutlets::Key> LocalOutlets::KeyOf(uint32_t socket, const SocketAddress& to) {
  if (!IsLoopback(to)) return std::nullopt;
  Key key = {socket, to.any.sa_family, to.v4.sin_port, {}};
  if (to.any.sa_family == AF_INET6)
    std::memcpy(key.ip, &to.v6.sin6_addr, sizeof to.v6.sin6_addr);
  else
    std::memcpy(key.ip, &to.v4.sin_addr, sizeof to.v4.sin_addr);
  return key;
}

LocalOutlets::Outlet* LocalOutlets::Find(const Socket& socket, const Destination& destination) {
  const auto key = KeyOf(socket.number, destination.address);
  if (!key) return nullptr;
  auto found = outlets_.find(*key);
  if (found == outlets_.end()) {
    if (outlets_.size() >= MAX_OUTLETS) ForgetIdle();
    if (outlets_.size() >= MAX_OUTLETS) return nullptr;  // so many at once: as without outlets
    found = outlets_.emplace(*key, Outlet{.socket = socket.number, .destination = destination, .from = SourceOf(socket)}).first;
  }
  found->second.lastUsed = c_.now;
  return &found->second;
}

void LocalOutlets::Ask(Outlet& outlet) {
  const std::optional<uint32_t> room = room_.Ask(outlet.from, outlet.destination.address);
  outlet.credit = room.value_or(0);
  outlet.unknownUntil = room ? 0 : c_.now + UNKNOWN_MS;
}

void LocalOutlets::Hold(Outlet& outlet, const uint8_t* at, uint32_t length) {
  const bool newBlock = block_ == NO_BLOCK || used_ + length > BLOCK_BYTES;
  if (heldBytes_ + length > MAX_HELD_BYTES || (newBlock && c_.blocks.Free() <= c_.blocks.Blocks() / 2))
    return c_.counters.Add(Counter::EgressFull);
  if (newBlock) {
    if (block_ != NO_BLOCK) c_.blocks.Release(block_);
    block_ = c_.blocks.Take();
    used_ = 0;
  }
  uint8_t* copy = c_.blocks.At(block_) + used_;
  std::memcpy(copy, at, length);
  c_.blocks.AddReference(block_);
  used_ += length;
  heldBytes_ += length;
  if (outlet.held.empty()) {
    outlet.retryMs = SHORTEST_RETRY_MS;
    outlet.nextTry = c_.now + SHORTEST_RETRY_MS;
  }
  outlet.held.push_back({copy, length, c_.now});
}

double LocalOutlets::NextTry() const {
  double next = c_.now + LONGEST_RETRY_MS;
  for (const auto& [key, outlet] : outlets_)
    if (!outlet.held.empty()) next = std::min(next, outlet.nextTry);
  return next;
}

void LocalOutlets::Expire(Outlet& outlet) {
  while (!outlet.held.empty() && c_.now - outlet.held.front().since > c_.holdMs) {
    c_.counters.Add(Counter::EgressFull);
    Pop(outlet);
  }
}

void LocalOutlets::Pop(Outlet& outlet) {
  const Packet& packet = outlet.held.front();
  heldBytes_ -= packet.length;
  c_.blocks.Release(c_.blocks.BlockOf(packet.at));
  outlet.held.pop_front();
  if (heldBytes_ > 0 || block_ == NO_BLOCK) return;
  c_.blocks.Release(block_);
  block_ = NO_BLOCK;
}

void LocalOutlets::Remove(uint32_t socket) {
  for (auto at = outlets_.begin(); at != outlets_.end();) {
    if (at->second.socket != socket) {
      ++at;
      continue;
    }
    c_.counters.Add(Counter::EgressFull, static_cast<uint32_t>(at->second.held.size()));
    while (!at->second.held.empty()) Pop(at->second);
    at = outlets_.erase(at);
  }
}

void LocalOutlets::ForgetIdle() {
  std::erase_if(outlets_, [this](const auto& entry) {
    return entry.second.held.empty() && c_.now - entry.second.lastUsed > OUTLET_IDLE_MS;
  });
}

}  // namespace portolan
