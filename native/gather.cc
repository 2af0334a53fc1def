#include "gather.h"

#include <netinet/udp.h>

#include <cstring>

namespace portolan {

size_t Gather::SegmentControl(Control& control, uint32_t size) {
  const uint16_t segment = static_cast<uint16_t>(size);
  auto* header = reinterpret_cast<cmsghdr*>(control.bytes);
  header->cmsg_level = SOL_UDP;
  header->cmsg_type = UDP_SEGMENT;
  header->cmsg_len = CMSG_LEN(sizeof segment);
  std::memcpy(CMSG_DATA(header), &segment, sizeof segment);
  return sizeof control.bytes;
}

}  // namespace portolan
