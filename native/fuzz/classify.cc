// Whatever arrives: the bytes become messages of any length and segment size, optionally with link number and tag put right, so that the
// fuzzer gets past them. Nothing may be read or written out of bounds, and every frame must be accounted for.
#include "../../test/native/cpp/check.h"

using namespace portolan;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static World world;
  static const bool installed = (world.Install(1, 0x1001, 7, 9), world.Install(2, 0x2002, 9, 9), true);
  (void)installed;
  Context& context = world.path->context();
  static const auto classifier = std::make_unique<Classifier>(context);
  context.batch.Runs() = context.batch.Packets() = 0;
  const uint64_t before = world.Counter(layout::Counter::Received);
  const int32_t block = context.blocks.Take();
  uint8_t* at = context.blocks.At(block);
  SocketAddress from = {};
  from.any.sa_family = size % 2 ? AF_INET : AF_INET6;

  uint64_t dropsBefore = 0, drops = 0, frames = 0;
  for (uint32_t i = uint32_t(layout::Counter::Truncated); i < layout::COUNTER_COUNT; i++)
    dropsBefore += world.Counter(layout::Counter(i));
  while (size >= 6) {
    const uint32_t length = std::min<uint32_t>(Load32(data) % BLOCK_BYTES, uint32_t(size - 6));
    const uint32_t segment = data[4] * 8u;
    const bool repair = data[5] & 1;
    std::memcpy(at, data + 6, length);
    const uint32_t step = segment > 0 ? segment : std::max(length, 1u);
    for (uint32_t s = 0; repair && s < length; s += step) {
      const uint32_t n = std::min(step, length - s);
      if (n < layout::HEADERS_BYTES) continue;
      const bool second = at[s + 4] & 1;
      Store32(at + s + layout::OFFSET_LINK_NUMBER, __builtin_bswap32(second ? 0x2002 : 0x1001));
      const uint64_t key = second ? 0x0909090909090909 : 0x0707070707070707;
      const uint64_t counter = InferCounter(context.region.LinkAt(second ? 2 : 1).Highest().Get(),
                                            __builtin_bswap32(Load32(at + s + layout::OFFSET_COUNTER)));
      Store64(at + s + layout::OFFSET_TAG, FrameTag({key, key}, at + s, n, counter >> 32));
    }
    context.ReadClock();
    classifier->Take(context.blocks.OffsetOf(block), length, step, from, 0);
    classifier->Finish();
    frames += std::max((length + step - 1) / step, 1u);
    data += 6 + length;
    size -= 6 + length;
  }
  if (size > 0) classifier->TakeRaw(context.blocks.OffsetOf(block), uint32_t(size), from, 5);
  context.counters.Publish();
  for (uint32_t i = uint32_t(layout::Counter::Truncated); i < layout::COUNTER_COUNT; i++)
    drops += world.Counter(layout::Counter(i));

  const Batch& batch = context.batch;
  uint32_t inRuns = 0;
  for (uint32_t i = 0; i < batch.Runs(); i++) {
    CHECK(batch.RunAt(i).first == inRuns && batch.RunAt(i).packets > 0);
    inRuns += batch.RunAt(i).packets;
  }
  CHECK(inRuns == batch.Packets());
  CHECK(world.Counter(layout::Counter::Received) - before == frames);
  CHECK(frames == inRuns - (size > 0 ? 1 : 0) + drops - dropsBefore || batch.Packets() == MAX_RECEIVED);
  for (uint32_t i = 0; i < inRuns; i++) CHECK(context.blocks.Holds(batch.PacketAt(i).offset, batch.PacketAt(i).length));
  context.blocks.Release(block);
  return 0;
}
