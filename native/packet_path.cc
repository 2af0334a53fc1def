#include "packet_path.h"

#include <linux/time_types.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>

namespace portolan {

namespace {

/// What epoll says of the eventfd and of the timers; sockets are named by their numbers, which are smaller.
constexpr uint32_t EVENT = UINT32_MAX;
constexpr uint32_t TICK = UINT32_MAX - 1;
constexpr uint32_t RETRY = UINT32_MAX - 2;
/// A sleep of this length, ms, needs no timer of its own: the tick ends it, now and then sooner. A timer set and cleared around each
/// sleep costs two writes to the processor's timer, which trap where it is virtual.
constexpr double TICK_MS = 40;
/// A tick within this time, ms, of the last step does not end the sleep: where packets flow, their steps do what a tick is for.
constexpr double YOUNG_SLEEP_MS = 10;
constexpr uint32_t EVENTS_A_POLL = 64;
/// Segments that a message may hold: what the kernel's GRO merges, and what a local sender's GSO may ask for.
constexpr uint32_t SEGMENTS_A_MESSAGE = 128;
constexpr double LONGEST_SLEEP_MS = 60'000;

}  // namespace

PacketPath::PacketPath(Memory region, Memory batch, Memory slab, const PacketPathOptions& options)
    : c_{.region = Region(region.base, region.length),
         .batch = Batch(batch.base, batch.length),
         .blocks = BlockPool(slab.base, slab.length),
         .worker = options.worker,
         .tags = ChooseTags(options.simd),
         .epoll = OwnedFd(epoll_create1(EPOLL_CLOEXEC)),
         .holdMs = options.holdMs},
      tick_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      retry_(timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)),
      doorbells_(c_.region, options.worker),
      classifier_(c_),
      segmented_(c_, classifier_, true),
      plain_(c_, classifier_, false),
      sender_(c_),
      receiveMessages_(std::clamp(options.receiveMessages, 1u, MAX_RECEIVE_MESSAGES)) {
  if (options.worker >= c_.region.Workers()) throw std::out_of_range("the region has no such worker");
  if (c_.epoll.Get() < 0) throw SystemError("epoll_create1", errno);
  for (const Memory& ring : options.rings) doorbells_.Watch(ring.base, ring.length);
  c_.counters.Bind(c_.region.CounterBlock(options.worker));
  epoll_event event = {};
  event.events = EPOLLIN | EPOLLET;  // edge-triggered: each signal wakes once, and nobody has to read it
  event.data.u32 = EVENT;
  StartTick();
  event.data.u32 = RETRY;
  if (retry_.Get() < 0 || epoll_ctl(c_.epoll.Get(), EPOLL_CTL_ADD, retry_.Get(), &event) != 0) throw SystemError("timerfd", errno);
  event.data.u32 = EVENT;
  if (options.event >= 0 && epoll_ctl(c_.epoll.Get(), EPOLL_CTL_ADD, options.event, &event) != 0)
    throw SystemError("cannot wait for an event", errno);
}

PacketPath::~PacketPath() {
  for (Socket* socket : c_.sockets.All()) {
    sender_.Drop(*socket);
    // A worker that was ended from outside has closed nothing itself, and its successor binds the same ports.
    if (socket->kind == SocketKind::Local) close(socket->fd);
  }
  c_.counters.Publish();
}

void PacketPath::AddSocket(uint32_t number, int fd, const SocketOptions& options) {
  Socket& socket = c_.sockets.Add(number);
  socket.fd = fd;
  socket.kind = options.kind;
  const bool link = options.kind == SocketKind::Link;
  const Offload gso = SetSegmentation(fd, options.gso), gro = SetCoalescing(fd, options.gro && link);
  socket.gso = gso.on;
  socket.gro = gro.on;
  socket.reason = gso.reason.empty() ? gro.reason : gso.reason;
  try {
    c_.Watch(socket, EPOLL_CTL_ADD, false);
  } catch (...) {
    c_.sockets.Remove(number);
    throw;
  }
}

void PacketPath::RemoveSocket(uint32_t number) {
  Socket* socket = c_.sockets.Find(number);
  if (socket == nullptr) return;
  sender_.Drop(*socket);
  c_.counters.Publish();
  epoll_ctl(c_.epoll.Get(), EPOLL_CTL_DEL, socket->fd, nullptr);
  c_.sockets.Remove(number);
}

uint32_t PacketPath::Receive(double waitMs) {
  ReleaseBatch();
  const auto& sockets = c_.sockets.All();
  // A socket that filled the last call is read again without asking; with several, epoll keeps one from starving the others.
  const bool goesOn = std::any_of(sockets.begin(), sockets.end(), [](const Socket* socket) { return socket->readable; });
  if (!goesOn || sockets.size() > 1) Poll(goesOn ? 0 : waitMs);
  c_.ReadClock();
  c_.batch.Now() = c_.now;
  bool more = false;
  for (Socket* socket : sockets) {
    if (!socket->readable) continue;
    const uint32_t messages = RoomFor(*socket);
    if (messages > 0) (socket->gro ? segmented_ : plain_).Receive(*socket, messages);
    more |= socket->readable;
    if (socket->refused) socket->refused = !classifier_.TakeRefused(socket->number);
  }
  c_.batch.More() = more;
  c_.batch.RingsEmpty() = doorbells_.AllEmpty();
  c_.counters.Publish();
  return c_.batch.Runs();
}

void PacketPath::StartTick() {
  const timespec period = {0, static_cast<long>(TICK_MS * 1e6)};
  const itimerspec setting = {period, period};
  epoll_event event = {};
  event.events = EPOLLIN;
  event.data.u32 = TICK;
  if (tick_.Get() < 0 || timerfd_settime(tick_.Get(), 0, &setting, nullptr) != 0 ||
      epoll_ctl(c_.epoll.Get(), EPOLL_CTL_ADD, tick_.Get(), &event) != 0)
    throw SystemError("timerfd", errno);
}

/// Waits for input, and sends what waited for room.
void PacketPath::Poll(double waitMs) {
  epoll_event events[EVENTS_A_POLL];
  const bool sleeps = waitMs > 0 && doorbells_.FallAsleep();
  // Asleep it holds nothing of the tables; awake it must say so before it looks at a link.
  if (sleeps) c_.region.GoOffline(c_.worker);
  const int count = Sleep(events, sleeps ? waitMs : 0);
  if (sleeps) {
    c_.region.GoOnline(c_.worker);
    doorbells_.Awake();
  }
  for (int i = 0; i < count; i++) {
    if (events[i].data.u32 >= RETRY) continue;
    Socket* socket = c_.sockets.Find(events[i].data.u32);
    if (socket == nullptr) continue;
    // An error (EPOLLERR) is cleared by reading, too.
    if (events[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP)) socket->readable = true;
    if (events[i].events & EPOLLOUT) sender_.transmitter().SendPending(*socket);
  }
}

/// Sleeps until something comes; the tick alone ends only a sleep of its own length, if that is not quite young. Returns the number of events.
int PacketPath::Sleep(epoll_event* events, double waitMs) {
  const auto tickAlone = [&](int count) { return count == 1 && events[0].data.u32 == TICK; };
  if (waitMs == TICK_MS) {
    c_.ReadClock();
    const double from = c_.now;
    for (;;) {
      const int count = epoll_wait(c_.epoll.Get(), events, EVENTS_A_POLL, -1);
      ReadTick(events, count);
      if (!tickAlone(count)) return count;
      c_.ReadClock();
      if (c_.now - from >= YOUNG_SLEEP_MS) return count;
    }
  }
  for (double left = std::clamp(waitMs, 0.0, LONGEST_SLEEP_MS);;) {
    if (left > 0) c_.ReadClock();
    const double from = c_.now;
    const int count = Wait(events, left);
    ReadTick(events, count);
    if (!tickAlone(count) || left <= 0) return count;
    c_.ReadClock();
    left = std::max(0.0, left - (c_.now - from));
  }
}

/// Waits for up to `ms`: to the microsecond where the kernel can do that (Linux 5.11), for paced links ask for it, else to the next millisecond.
int PacketPath::Wait(epoll_event* events, double ms) {
  if (precise_ && ms != std::floor(ms)) {
    const auto nanoseconds = static_cast<int64_t>(ms * 1e6);
    const __kernel_timespec timeout = {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000};
    const long count = syscall(SYS_epoll_pwait2, c_.epoll.Get(), events, EVENTS_A_POLL, &timeout, nullptr, 0);
    if (count >= 0 || errno == EINTR) return static_cast<int>(count);
    precise_ = false;
  }
  return epoll_wait(c_.epoll.Get(), events, EVENTS_A_POLL, static_cast<int>(std::ceil(ms)));
}

/// The kernel starts a periodic timer's next period only when the last expiry has been read.
void PacketPath::ReadTick(const epoll_event* events, int count) {
  for (int i = 0; i < count; i++) {
    uint64_t expiries;
    if (events[i].data.u32 == TICK && read(tick_.Get(), &expiries, sizeof expiries) < 0 && errno != EAGAIN)
      throw SystemError("timerfd", errno);
  }
}

/// Messages that may be taken from a socket, so that the batch holds whatever they bring.
uint32_t PacketPath::RoomFor(const Socket& socket) const {
  const uint32_t packets = c_.batch.Packets();
  const uint32_t room = MAX_RECEIVED > packets ? MAX_RECEIVED - packets : 0;
  return std::min(receiveMessages_, socket.gro ? room / SEGMENTS_A_MESSAGE : room);
}

void PacketPath::ReleaseBatch() {
  for (const int32_t block : c_.inHand) c_.blocks.Release(block);
  c_.inHand.clear();
  if (reserveBlock_ != NO_BLOCK) {
    c_.blocks.Release(reserveBlock_);
    reserveBlock_ = NO_BLOCK;
  }
  c_.batch.Runs() = 0;
  c_.batch.Packets() = 0;
}

uint32_t PacketPath::Send() {
  const uint32_t sent = sender_.Send();
  if (sender_.outlets().AnyHeld()) WakeAt(sender_.outlets().NextTry());
  c_.counters.Publish();
  ReleaseBatch();
  return sent;
}

/// Ends the next sleep at a time of the monotonic clock, milliseconds, if nothing else does.
void PacketPath::WakeAt(double time) {
  const auto nanoseconds = static_cast<int64_t>(time * 1e6);
  const itimerspec setting = {{0, 0}, {nanoseconds / 1'000'000'000, nanoseconds % 1'000'000'000}};
  timerfd_settime(retry_.Get(), TFD_TIMER_ABSTIME, &setting, nullptr);  // of a descriptor of our own and a time that is valid: it cannot fail
}

int64_t PacketPath::Reserve(uint32_t bytes) {
  if (bytes > BLOCK_BYTES) return -1;
  const uint32_t room = (bytes + 63) & ~63u;
  if (reserveBlock_ == NO_BLOCK || reserved_ + room > BLOCK_BYTES) {
    const int32_t block = c_.blocks.Take();
    if (block == NO_BLOCK) return -1;
    if (reserveBlock_ != NO_BLOCK) c_.inHand.push_back(reserveBlock_);
    reserveBlock_ = block;
    reserved_ = 0;
  }
  const uint32_t offset = c_.blocks.OffsetOf(reserveBlock_) + reserved_;
  reserved_ += room;
  return offset;
}

}  // namespace portolan
