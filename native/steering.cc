#include "steering.h"

#include <linux/filter.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "layout.h"

namespace portolan {

Offload SteerByLink(int fd, uint32_t members) {
  if (members < 2) return {false, "one socket needs no steering"};
  // Classic BPF, which needs no privilege. The program sees the UDP payload, loads in network order, and gives 0 for what is too short to
  // have a link number. Handshakes have link 0, so they are the first member's. When a member has gone meanwhile, and the number that
  // comes out is none, the kernel hashes as if there were no program.
  sock_filter code[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, layout::OFFSET_LINK_NUMBER),
      BPF_STMT(BPF_ALU | BPF_AND | BPF_K, layout::LINK_INDEX_MASK),
      BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, members),
      BPF_STMT(BPF_RET | BPF_A, 0),
  };
  const sock_fprog program = {sizeof code / sizeof *code, code};
  if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &program, sizeof program) == 0) return {true, ""};
  return {false, std::string("the kernel refuses SO_ATTACH_REUSEPORT_CBPF: ") + std::strerror(errno)};
}

}  // namespace portolan
