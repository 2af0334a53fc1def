// Which handshake frames a worker hands up: the twin of ts/data/handshake-gate.ts, where it is drawn.
#pragma once

#include <algorithm>
#include <optional>

#include "context.h"

namespace portolan {

class HandshakeGate {
 public:
  /// The counter under which the frame is dropped; none: it may pass.
  std::optional<layout::Counter> Judge(const Context& context, const uint8_t* frame, uint32_t length) {
    const Region& region = context.region;
    const bool own = region.Keyed() && __builtin_bswap32(Load32(frame + layout::OFFSET_LABEL)) == region.Fingerprint();
    if (own && Load64(frame + layout::OFFSET_TAG) != FrameTag(region.HandshakeKey(), frame, length, 0))
      return layout::Counter::BadTag;
    if (!(own ? own_ : foreign_).Take(context.now)) return layout::Counter::HandshakeLimited;
    return std::nullopt;
  }

 private:
  class Bucket {
   public:
    Bucket(double rate, double burst) : perMs_(rate / 1000), burst_(burst), tokens_(burst) {}
    bool Take(double now) {
      tokens_ = std::min(burst_, tokens_ + (now - at_) * perMs_);
      at_ = now;
      if (tokens_ < 1) return false;
      tokens_--;
      return true;
    }

   private:
    double perMs_, burst_, tokens_;
    double at_ = 0;
  };

  Bucket own_{layout::HANDSHAKE_RATE, layout::HANDSHAKE_BURST};
  Bucket foreign_{layout::FOREIGN_HANDSHAKE_RATE, layout::FOREIGN_HANDSHAKE_BURST};
};

}  // namespace portolan
