// NEON belongs to every arm64 processor.
#if defined(__aarch64__)
#define LANES 2
#define LANES_TARGET
#include "siphash_lanes.h"

namespace portolan {
void TagsNeon(TagBatch& batch, size_t count) { TagsOfLanes(batch, count); }
}  // namespace portolan
#endif
