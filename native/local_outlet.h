// What leaves the overlay for programs on this machine: as much as fits into the program's receive buffer goes at once, the rest waits here.
//
// A program that is not running for two milliseconds has its buffer (208 KB unless it asks for more) overrun at 500 Mbit/s, and on loopback
// nothing tells the sender: a network card would have dropped as well, but here the kernel can be asked. So each pair of a local socket and a
// program's address has a credit: the room that the kernel told, less what was sent since. Once it is used up the kernel is asked again, and
// what does not fit is copied and sent later, in order.
//
//   credit covers it            send
//   it does not                 ask; still not: hold, and look again after 0.2 ms, then twice as long, up to 5 ms, while nothing leaves
//   held for 250 ms (Context::holdMs), or 4 MB    the program does not read: egressFull
//   no such socket here         another network namespace, or nobody listens: send, and ask again in a second
#pragma once

#include <algorithm>
#include <cstring>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "context.h"
#include "receiver_room.h"

namespace portolan {

/// What may be held in all, in blocks of the slab.
inline constexpr size_t MAX_HELD_BYTES = 4 << 20;
inline constexpr double SHORTEST_RETRY_MS = 0.2, LONGEST_RETRY_MS = 5;
/// For so long nothing is asked about a receiver that the kernel does not know.
inline constexpr double UNKNOWN_MS = 1000;
/// A program's address that was not sent to for so long is forgotten; it is looked for when there are more than these.
inline constexpr double OUTLET_IDLE_MS = 10'000;
inline constexpr size_t MAX_OUTLETS = 2048;

class LocalOutlets {
 public:
  explicit LocalOutlets(Context& context) : c_(context) {}

  struct Packet {
    uint8_t* at;
    uint32_t length;
    double since;
  };
  struct Outlet {
    uint32_t socket;
    Destination destination;
    SocketAddress from = {};
    uint32_t credit = 0;
    /// The kernel knows no receiver: everything is sent until then, and asked again afterwards.
    double unknownUntil = 0;
    double nextTry = 0, retryMs = SHORTEST_RETRY_MS, lastUsed = 0;
    std::deque<Packet> held = {};
  };

  /// The outlet of a local socket towards an address; null when that is not on this machine's loopback.
  Outlet* Find(const Socket& socket, const Destination& destination);

  /// Whether the kernel must be asked before so many packets are admitted.
  bool IsShort(const Outlet& outlet, uint32_t packets, uint32_t length) const {
    return outlet.held.empty() && c_.now >= outlet.unknownUntil && uint64_t{packets} * RoomTaken(length) > outlet.credit;
  }
  /// Asks the kernel. All that was admitted before must have been sent.
  void Ask(Outlet& outlet);

  /// Takes a packet from the credit; false: it does not fit now and must be held.
  bool Admit(Outlet& outlet, uint32_t length) {
    if (!outlet.held.empty()) return false;
    return Pay(outlet, length);
  }
  /// Copies a packet, to be sent later; counts it as egressFull when there is no room.
  void Hold(Outlet& outlet, const uint8_t* at, uint32_t length);

  bool AnyHeld() const { return heldBytes_ > 0; }
  /// When the next outlet wants to be tried, milliseconds of the monotonic clock.
  double NextTry() const;
  /// Calls `send(outlet, packet)` for all that may leave now, then `done()`; drops what has waited too long.
  template <typename Send, typename Done>
  void Retry(Send send, Done done) {
    for (auto& [key, outlet] : outlets_) {
      if (outlet.held.empty() || c_.now < outlet.nextTry) continue;
      Expire(outlet);
      if (outlet.held.empty()) continue;
      Ask(outlet);
      size_t count = 0;
      while (count < outlet.held.size() && Pay(outlet, outlet.held[count].length)) send(outlet, outlet.held[count++]);
      if (count > 0) done();
      for (size_t i = 0; i < count; i++) Pop(outlet);
      outlet.retryMs = count > 0 ? SHORTEST_RETRY_MS : std::min(2 * outlet.retryMs, LONGEST_RETRY_MS);
      outlet.nextTry = c_.now + outlet.retryMs;
    }
  }

  /// The socket goes away, and what is held for it.
  void Remove(uint32_t socket);

 private:
  struct Key {
    uint32_t socket, family, port;
    uint8_t ip[16];
    bool operator==(const Key& other) const { return std::memcmp(this, &other, sizeof *this) == 0; }
  };
  struct Hash {
    size_t operator()(const Key& key) const { return std::hash<std::string_view>()({reinterpret_cast<const char*>(&key), sizeof key}); }
  };
  static std::optional<Key> KeyOf(uint32_t socket, const SocketAddress& to);

  bool Pay(Outlet& outlet, uint32_t length) {
    if (c_.now < outlet.unknownUntil) return true;
    const uint32_t cost = RoomTaken(length);
    if (cost > outlet.credit) return false;
    outlet.credit -= cost;
    return true;
  }
  void Expire(Outlet& outlet);
  void Pop(Outlet& outlet);
  void ForgetIdle();

  Context& c_;
  ReceiverRoom room_;
  std::unordered_map<Key, Outlet, Hash> outlets_;
  size_t heldBytes_ = 0;
  /// Where the next held packet is copied to.
  int32_t block_ = NO_BLOCK;
  uint32_t used_ = 0;
};

}  // namespace portolan
