#include "sockets.h"

#include <algorithm>
#include <stdexcept>

namespace portolan {

Socket& SocketTable::Add(uint32_t number) {
  if (number >= MAX_SOCKETS) throw std::out_of_range("a socket's number is below 4096");
  if (byNumber_[number]) throw std::invalid_argument("the socket's number is in use");
  byNumber_[number] = std::make_unique<Socket>();
  Socket& socket = *byNumber_[number];
  socket.number = number;
  all_.insert(std::upper_bound(all_.begin(), all_.end(), &socket,
                               [](const Socket* a, const Socket* b) { return a->number < b->number; }),
              &socket);
  return socket;
}

void SocketTable::Remove(uint32_t number) {
  Socket* socket = Find(number);
  if (socket == nullptr) return;
  all_.erase(std::find(all_.begin(), all_.end(), socket));
  byNumber_[number].reset();
}

}  // namespace portolan
