// Tests of native code without Node: what test/native/cpp.test.ts runs.
//
//   native-test vectors FILE ...      the golden vectors' tags, by every implementation
//   native-test tags                  all implementations against the scalar one, on random frames
//   native-test window                reads counters (low 32 bits) from standard input, prints "accepted|refused counter" a line
//   native-test window-rows           rows of counters at once, against the same one by one
//   native-test packet-errors         what a program hears of the errors that it is told by ICMP; "not allowed" without CAP_NET_RAW
//   native-test gso-loss              a socket whose kernel refuses segmentation at run time
#include <netinet/udp.h>

#include <fstream>
#include <iostream>
#include <map>
#include <random>
#include <string>

#include "check.h"

namespace portolan {

void PacketErrors();  // packet_errors.cc

namespace {

constexpr const char* IMPLEMENTATIONS[] = {"scalar", "avx2", "avx512", "neon"};

std::vector<uint8_t> Bytes(const std::string& hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2) bytes.push_back(std::stoi(hex.substr(i, 2), nullptr, 16));
  return bytes;
}

void SetColumn(TagBatch& batch, size_t column, SipKey key, const uint8_t* frame, uint32_t counterHigh) {
  constexpr size_t OFFSETS[] = {0, 8, 24, 32, 40};
  for (size_t word = 0; word < 5; word++) batch.words[word][column] = Load64(frame + OFFSETS[word]);
  batch.words[5][column] = LastTagWord(counterHigh);
  batch.k0[column] = key.k0;
  batch.k1[column] = key.k1;
}

void Vector(const char* file) {
  std::ifstream lines(file);
  std::map<std::string, std::string> fields;
  for (std::string line; std::getline(lines, line);)
    if (const size_t colon = line.find(": "); line[0] != '#' && colon != std::string::npos)
      fields[line.substr(0, colon)] = line.substr(colon + 2);
  const std::vector<uint8_t> frame = Bytes(fields.at("frame")), keyBytes = Bytes(fields.at("tag-key"));
  CHECK(frame.size() >= layout::HEADERS_BYTES && keyBytes.size() == 16);
  const uint32_t high = std::stoul(fields.at("counter-high"));
  const SipKey key = SipKey::From(keyBytes.data());
  const uint64_t tag = Load64(frame.data() + layout::OFFSET_TAG);
  CHECK(FrameTag(key, frame.data(), frame.size(), high) == tag);
  if ((frame[0] & 15) == uint8_t(layout::FrameType::Data))
    for (const char* name : IMPLEMENTATIONS) {
      const TagFunction function = TagsByName(name).function;
      if (function == nullptr) continue;
      const auto batch = std::make_unique<TagBatch>();
      SetColumn(*batch, 3, key, frame.data(), high);
      function(*batch, 4);
      CHECK(batch->tags[3] == tag);
    }
  std::cout << "ok " << file << "\n";
}

void Tags() {
  std::mt19937_64 random(7);
  const auto batch = std::make_unique<TagBatch>();
  for (size_t i = 0; i < TAG_BATCH; i++) {
    for (auto& column : batch->words) column[i] = random();
    batch->k0[i] = random();
    batch->k1[i] = random();
  }
  for (const char* name : IMPLEMENTATIONS) {
    const TagFunction function = TagsByName(name).function;
    if (function == nullptr) continue;
    for (const size_t count : {size_t{1}, size_t{7}, size_t{16}, size_t{17}, TAG_BATCH}) {
      std::memset(batch->tags, 0, sizeof batch->tags);
      function(*batch, count);
      for (size_t i = 0; i < count; i++) {
        SipHash hash({batch->k0[i], batch->k1[i]});
        for (const auto& column : batch->words) hash.Block(column[i]);
        CHECK(batch->tags[i] == hash.Finish());
      }
    }
    std::cout << "ok " << name << "\n";
  }
}

void Window() {
  alignas(8) uint8_t bits[layout::REPLAY_WINDOW_BYTES] = {};
  uint64_t highest = 0;
  for (uint32_t low; std::cin >> low;) {
    const uint64_t counter = InferCounter(highest, low);
    ReplayWindow window(bits, highest);
    std::cout << (window.Accept(counter) ? "accepted " : "refused ") << counter << "\n";
    highest = window.Highest();
  }
}

/// A window that accepts rows where it can must remember the same as one that takes each counter alone.
void WindowRows() {
  std::mt19937_64 random(1);
  alignas(8) uint8_t bits[layout::REPLAY_WINDOW_BYTES] = {}, bitsOfRows[layout::REPLAY_WINDOW_BYTES] = {};
  ReplayWindow alone(bits, 0), rows(bitsOfRows, 0);
  uint32_t accepted = 0;
  for (uint32_t round = 0; round < 20000; round++) {
    const uint64_t skipped = random() % 4 == 0 ? random() % 5000 : 0, back = random() % 8 == 0 ? random() % 100 : 0;
    const uint64_t first = std::max<uint64_t>(1, alone.Highest() + 1 + skipped - std::min(back, alone.Highest()));
    const uint64_t count = 1 + random() % 256;
    const bool isNext = first == alone.Highest() + 1;
    const bool whole = rows.AcceptRow(first, count);
    CHECK(whole == isNext);
    accepted += whole;
    for (uint64_t counter = first; counter < first + count; counter++) {
      const bool fresh = alone.Accept(counter);
      CHECK(whole ? fresh : rows.Accept(counter) == fresh);
    }
    CHECK(alone.Highest() == rows.Highest() && std::memcmp(bits, bitsOfRows, sizeof bits) == 0);
  }
  CHECK(accepted > 10000);
  std::cout << "ok " << accepted << " rows\n";
}

/// Without UDP checksums (SO_NO_CHECK) the kernel refuses to segment with EINVAL, and sends single datagrams: as drivers without
/// checksum offload make it do.
void GsoLoss() {
  const UdpSocket from = OpenUdpSocket({.host = "127.0.0.1"}), to = OpenUdpSocket({.host = "127.0.0.1"});
  CHECK(from.gso.on);
  World world;
  world.path->AddSocket(0, from.fd, {});
  world.Install(1, 0x1001, 7, to.port);
  const int on = 1;
  CHECK(setsockopt(from.fd, SOL_SOCKET, SO_NO_CHECK, &on, sizeof on) == 0);
  for (uint32_t round = 1; round <= 3; round++) {
    for (int i = 0; i < 5; i++) world.Originate(1, i == 4 ? 100 : 500);
    CHECK(world.path->Send() == 5);
    const Socket* socket = world.path->FindSocket(0);
    CHECK(socket->gso == (round < GSO_FAILURES));
    CHECK((socket->reason.find("Invalid argument") != std::string::npos) == (round >= GSO_FAILURES));
    CHECK(world.Counter(layout::Counter::GsoFallbacks) == std::min(round, GSO_FAILURES));
  }
  CHECK(world.Counter(layout::Counter::Sent) == 15 && world.Counter(layout::Counter::SentBytes) == 3 * 2100);
  uint8_t frame[2048];
  for (uint32_t i = 0; i < 15; i++) {
    const ssize_t length = recv(to.fd, frame, sizeof frame, MSG_DONTWAIT);
    CHECK(length == (i % 5 == 4 ? 100 : 500));
    CHECK(Load32(frame + layout::OFFSET_COUNTER) == __builtin_bswap32(i + 1));
    CHECK(Load64(frame + layout::OFFSET_TAG) == FrameTag({0x0707070707070707, 0x0707070707070707}, frame, length, 0));
  }
  std::cout << "ok gso-loss\n";
}

}  // namespace
}  // namespace portolan

int main(int count, char** arguments) {
  const std::string what = count > 1 ? arguments[1] : "";
  if (what == "vectors")
    for (int i = 2; i < count; i++) portolan::Vector(arguments[i]);
  else if (what == "tags")
    portolan::Tags();
  else if (what == "window")
    portolan::Window();
  else if (what == "window-rows")
    portolan::WindowRows();
  else if (what == "packet-errors")
    portolan::PacketErrors();
  else if (what == "gso-loss")
    portolan::GsoLoss();
  else
    return 2;
  return 0;
}
