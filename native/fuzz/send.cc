// A batch that is nonsense: run counts, offsets, links, verdicts and addresses of any value. Nothing may be touched outside of blocks in
// use; what cannot be sent is counted. Sends over a real socket, to itself.
#include "../../test/native/cpp/check.h"

using namespace portolan;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const UdpSocket socket = OpenUdpSocket({.host = "127.0.0.1"});
  static World world;
  static const bool installed = [] {
    world.path->AddSocket(0, socket.fd, {});
    for (uint32_t link = 1; link < 4; link++) world.Install(link, 0x1000 + link, 7, socket.port);
    return true;
  }();
  (void)installed;
  const Batch& batch = world.path->context().batch;
  if (size < 8) return 0;
  batch.Runs() = Load32(data) % 8 ? data[0] % 32 : Load32(data);
  batch.Packets() = Load32(data + 4) % 8 ? data[4] * 4 : Load32(data + 4);
  data += 8, size -= 8;
  const int64_t offset = world.path->Reserve(4096);
  CHECK(offset >= 0);
  for (uint32_t i = 0; i < 1024; i++) batch.PacketAt(i) = {uint32_t(offset) + i % 7 * 512, 48 + i % 3 * 200};
  uint32_t run = 0, packet = 0;
  for (; size >= 16; data += 16, size -= 16) {
    if (data[0] & 1) {
      batch.RunAt(run++ % layout::MAX_RUNS) = {
          data[1] % 8u, data[2] & 1 ? Load32(data + 4) : data[4], data[2] & 2 ? Load32(data + 8) : data[8] % 64u, 0, 0,
          data[3] & 1 ? uint32_t(layout::Verdict::Forward) : uint32_t(layout::Verdict::Raw),
          data[2] & 4 ? Load32(data + 12) : data[12] % 5u, int32_t(Load32(data + 8))};
    } else {
      batch.PacketAt(packet++ % layout::MAX_PACKETS) = {data[1] & 1 ? Load32(data + 4) : uint32_t(offset) + data[4],
                                                        data[1] & 2 ? Load32(data + 8) : data[8] * 8u};
    }
    batch.AddressAt(run % 32) = {data[13] % 8u, socket.port, {127, 0, 0, 1}, data[14], 0};
  }
  for (uint32_t i = 0; i < 8; i++) world.path->Seal(i * 3);
  world.path->Send();
  uint8_t sink[65536];
  while (recv(socket.fd, sink, sizeof sink, MSG_DONTWAIT) >= 0) {
  }
  return 0;
}
