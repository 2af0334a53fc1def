// What all parts of one worker's packet path work on.
#pragma once

#include <sys/epoll.h>
#include <time.h>

#include "batch.h"
#include "blocks.h"
#include "region.h"
#include "sockets.h"
#include "system_error.h"
#include "tag_batch.h"

namespace portolan {

/// Where frames are worked on in a row, their headers are fetched into the cache so many frames ahead.
inline constexpr uint32_t PREFETCH_FRAMES = 6;

struct Context {
  Region region;
  Batch batch;
  BlockPool blocks;
  uint32_t worker;
  TagImplementation tags;
  Counters counters = {};
  SocketTable sockets = {};
  /// Blocks of the batch in hand, released when the next one is received.
  std::vector<int32_t> inHand = {};
  OwnedFd epoll;
  /// Milliseconds of the monotonic clock, read once a batch.
  double now = 0;
  /// For how long what leaves for a program on this machine may wait for room in its receive buffer, milliseconds.
  double holdMs;

  void ReadClock() {
    timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    now = double(time.tv_sec) * 1e3 + double(time.tv_nsec) / 1e6;
  }

  /// Waits for input only, or also until the socket takes more.
  void Watch(const Socket& socket, int operation, bool writable) {
    epoll_event event = {};
    event.events = EPOLLIN | (writable ? EPOLLOUT : 0u);
    event.data.u32 = socket.number;
    if (epoll_ctl(epoll.Get(), operation, socket.fd, &event) != 0) throw SystemError("epoll_ctl", errno);
  }
};

}  // namespace portolan
