// Which of the sockets that share a port gets a datagram: one socket a worker, chosen by the link number in the frame.
#pragma once

#include <cstdint>

#include "socket.h"

namespace portolan {

/// Gives the group of `fd` (SO_REUSEPORT) a program by which member (link index modulo `members`) gets a frame; members count in the
/// order in which they were bound. Without it the kernel hashes addresses and ports, which spreads few links by luck: of 8 links over 2
/// sockets more than 5 share one in 3 nodes out of 10. Off, with the reason, when the kernel refuses.
Offload SteerByLink(int fd, uint32_t members);

}  // namespace portolan
