#include "base/result.h"

#include <cstdio>
#include <cstdlib>

namespace insightd {

std::string_view CodeName(Code code) {
  switch (code) {
    case Code::kInvalid: return "invalid";
    case Code::kCorrupt: return "corrupt";
    case Code::kTooLarge: return "too_large";
    case Code::kNotFound: return "not_found";
    case Code::kConflict: return "conflict";
    case Code::kUnavailable: return "unavailable";
    case Code::kNoRoom: return "no_room";
    case Code::kTimeout: return "timeout";
    case Code::kInternal: return "internal";
  }
  __builtin_unreachable();
}

namespace internal {

void AssertFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: assertion failed: %s\n", file, line, condition);
  std::abort();
}

}  // namespace internal
}  // namespace insightd
