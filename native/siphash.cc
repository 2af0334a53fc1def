#include "siphash.h"

#include <string_view>

#include "tag_batch.h"

namespace portolan {

void TagsScalar(TagBatch& batch, size_t count) {
  for (size_t at = 0; at < count; at++) {
    SipHash hash({batch.k0[at], batch.k1[at]});
    for (const auto& column : batch.words) hash.Block(column[at]);
    batch.tags[at] = hash.Finish();
  }
}

TagImplementation TagsByName(const char* wanted) {
  const std::string_view name = wanted;
  if (name == "scalar") return {"scalar", TagsScalar};
#if defined(__x86_64__)
  if (name == "avx2" && __builtin_cpu_supports("avx2")) return {"avx2", TagsAvx2};
  if (name == "avx512" && __builtin_cpu_supports("avx512f")) return {"avx512", TagsAvx512};
#elif defined(__aarch64__)
  if (name == "neon") return {"neon", TagsNeon};
#endif
  return {wanted, nullptr};
}

TagImplementation ChooseTags(bool simd) {
  if (simd)
    for (const char* name : {"avx512", "avx2", "neon"})
      if (const TagImplementation found = TagsByName(name); found.function) return found;
  return TagsByName("scalar");
}

}  // namespace portolan
