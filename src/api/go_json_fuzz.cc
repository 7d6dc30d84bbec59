// Feeds any text to the decoder of the aggregator's API: what it finds whole can be read through,
// and what our own parser takes for JSON is JSON to it, too.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "api/aggregator/go_json.h"
#include "base/json.h"
#include "base/utf8.h"

namespace {

using namespace insightd;
namespace go_json = api::aggregator::go_json;

void Require(bool condition) {
  if (!condition) std::abort();
}

// As deep as a body ever is read.
constexpr int kDepthMax = 8;

void Walk(go_json::Cursor& cursor, int depth) {
  const go_json::Kind kind = cursor.kind();
  if (depth > kDepthMax) return cursor.Skip();
  switch (kind) {
    case go_json::Kind::kString: Require(utf8::IsValid(cursor.String())); return;
    case go_json::Kind::kNumber: Require(!cursor.Number().empty()); return;
    case go_json::Kind::kArray:
      cursor.Elements([&](go_json::Cursor& element) { Walk(element, depth + 1); });
      return;
    case go_json::Kind::kObject:
      cursor.Members([&](const std::string& name, go_json::Cursor& value) {
        Require(utf8::IsValid(name));
        Walk(value, depth + 1);
      });
      return;
    default: cursor.Skip();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto end = go_json::FirstValue(text)) {
    Require(*end > 0 && *end <= size);
    const std::string_view value = text.substr(0, *end);
    go_json::Cursor walked(value);
    Walk(walked, 0);
    std::vector<std::string> list;
    go_json::Cursor taken(value);
    static_cast<void>(go_json::Take(taken, list));
  } else {
    Require(end.error().truncated == end.error().text.empty());
  }
  if (json::Parse(text)) Require(go_json::IsValid(text));
  return 0;
}
