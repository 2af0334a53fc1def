// One worker's native packet path: receive a batch into shared memory, send what the stages have decided. The core of the class PacketPath
// of the addon, free of Node-API, so that it can be tested and fuzzed alone.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "doorbells.h"
#include "receive.h"
#include "send.h"

namespace portolan {

struct Memory {
  uint8_t* base;
  size_t length;
};

struct PacketPathOptions {
  uint32_t worker = 0;
  /// The eventfd that wakes the worker: lent.
  int event = -1;
  /// Messages that one receive call takes from a socket: 1..64.
  uint32_t receiveMessages = 32;
  bool simd = true;
  /// As in Context.
  double holdMs = 250;
  /// The queues that the worker reads besides its sockets: what is written into them ends a sleep.
  std::vector<Memory> rings = {};
};

struct SocketOptions {
  SocketKind kind = SocketKind::Link;
  bool gso = true;
  bool gro = true;
};

class PacketPath {
 public:
  PacketPath(Memory region, Memory batch, Memory slab, const PacketPathOptions& options);
  ~PacketPath();

  void AddSocket(uint32_t number, int fd, const SocketOptions& options);
  void RemoveSocket(uint32_t number);
  const Socket* FindSocket(uint32_t number) const { return c_.sockets.Find(number); }

  /// Fills the batch with what waits, or sleeps for up to `waitMs`, having announced it. Returns the number of runs.
  uint32_t Receive(double waitMs);
  /// Sends the batch's runs. Returns the number of packets sent.
  uint32_t Send();
  /// Finishes the frames of a run with verdict Forward, which becomes Raw.
  void Seal(uint32_t index) { sender_.Seal(index); }
  /// Room in the slab for `bytes` until the next receive: its offset, or -1.
  int64_t Reserve(uint32_t bytes);

  const char* Simd() const { return c_.tags.name; }
  Context& context() { return c_; }

 private:
  void ReleaseBatch();
  void StartTick();
  void ReadTick(const epoll_event* events, int count);
  void WakeAt(double time);
  void Poll(double waitMs);
  int Sleep(epoll_event* events, double waitMs);
  int Wait(epoll_event* events, double ms);
  uint32_t RoomFor(const Socket& socket) const;

  Context c_;
  OwnedFd tick_;
  /// Wakes the worker when packets that are held for a program on this machine are to be tried again.
  OwnedFd retry_;
  Doorbells doorbells_;
  Classifier classifier_;
  Intake segmented_, plain_;
  Sender sender_;
  const uint32_t receiveMessages_;
  int32_t reserveBlock_ = NO_BLOCK;
  bool precise_ = true;  // whether the kernel can sleep for less than a millisecond
  uint32_t reserved_ = 0;
};

}  // namespace portolan
