// Beyond wider vectors, AVX-512 has a rotation: a round is 14 instructions and not 20.
#if defined(__x86_64__)
#define LANES 8
#define LANES_TARGET __attribute__((target("avx512f")))
#include "siphash_lanes.h"

namespace portolan {
LANES_TARGET void TagsAvx512(TagBatch& batch, size_t count) { TagsOfLanes(batch, count); }
}  // namespace portolan
#endif
