#include "check.h"

namespace portolan {

namespace {

constexpr size_t REGION_BYTES = layout::HEADER_BYTES + layout::WORKER_STATE_BYTES + 2 * layout::COUNTER_BLOCK_BYTES +
                                layout::LINKS_UP_BYTES + layout::FORWARDING_BYTES + layout::PORT_TABLE_BYTES +
                                TEST_LINKS * (layout::LINK_ENTRY_BYTES + layout::REPLAY_WINDOW_BYTES);
constexpr size_t COUNTERS_AT = layout::HEADER_BYTES + layout::WORKER_STATE_BYTES;
constexpr size_t LINKS_AT = COUNTERS_AT + 2 * layout::COUNTER_BLOCK_BYTES + layout::LINKS_UP_BYTES +
                            layout::FORWARDING_BYTES + layout::PORT_TABLE_BYTES;

}  // namespace

World::World(size_t slabBytes) : region(REGION_BYTES), batch(layout::BATCH_BYTES), slab(slabBytes) {
  Store32(region.base(), layout::REGION_MAGIC);
  Store32(region.base() + 4, layout::REGION_LAYOUT_VERSION);
  Store32(region.base() + 8, 1);
  Store32(region.base() + 12, TEST_LINKS);
  path = std::make_unique<PacketPath>(region, batch, slab, PacketPathOptions{});
}

void World::Install(uint32_t index, uint32_t number, uint8_t key, uint16_t port, uint32_t mtu) {
  uint8_t* entry = region.base() + LINKS_AT + index * layout::LINK_ENTRY_BYTES;
  Store32(entry + layout::LINK_OUR_NUMBER, number);
  Store32(entry + layout::LINK_PEER_NUMBER, number);
  Store32(entry + layout::LINK_PORT_KIND, uint32_t(layout::PortKind::Udp));
  Store32(entry + layout::LINK_MTU, mtu);
  std::memset(entry + layout::LINK_RX_KEY, key, 16);
  std::memset(entry + layout::LINK_TX_KEY, key, 16);
  Store32(entry + layout::LINK_ADDRESS_FAMILY, 4);
  Store32(entry + layout::LINK_ADDRESS_PORT, port);
  const uint8_t loopback[4] = {127, 0, 0, 1};
  std::memcpy(entry + layout::LINK_ADDRESS, loopback, 4);
  Store64(entry + layout::LINK_TX_COUNTER, 1);
  Store32(entry + layout::LINK_STATE, uint32_t(layout::LinkState::Live));
}

void World::Originate(uint32_t link, uint32_t length) {
  const int64_t offset = path->Reserve(length);
  CHECK(offset >= 0);
  uint8_t* frame = slab.base() + offset;
  std::memset(frame, 0, length);
  frame[layout::OFFSET_VERSION_TYPE] = layout::WIRE_VERSION << 4;
  frame[layout::OFFSET_TTL] = layout::INITIAL_TTL;
  const Batch& batch = path->context().batch;
  const uint32_t packet = batch.Packets()++, run = batch.Runs()++;
  batch.PacketAt(packet) = {static_cast<uint32_t>(offset), length};
  batch.RunAt(run) = {uint32_t(layout::RunKind::Origin), packet, 1, 0, static_cast<uint32_t>(offset),
                      uint32_t(layout::Verdict::Forward), link, -1};
}

uint64_t World::Counter(layout::Counter counter) const {
  return Load64(region.base() + COUNTERS_AT + 8 * uint32_t(counter));
}

}  // namespace portolan
