#if defined(__x86_64__)
#define LANES 4
#define LANES_TARGET __attribute__((target("avx2")))
#include "siphash_lanes.h"

namespace portolan {
LANES_TARGET void TagsAvx2(TagBatch& batch, size_t count) { TagsOfLanes(batch, count); }
}  // namespace portolan
#endif
