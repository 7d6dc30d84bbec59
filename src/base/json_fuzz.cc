// Feeds any text to the JSON parser: what parses prints as JSON that reads the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/json.h"
#include "base/json_writer.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace insightd;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto parsed = json::Parse(bytes);
  if (!parsed) {
    Require(!parsed.error().message().empty());
    return 0;
  }
  const std::string text = parsed->root().ToText();
  const auto again = json::Parse(text);
  Require(again.has_value());
  Require(again->root().ToText() == text);
  std::string ascii;
  json::JsonWriter(ascii, json::JsonWriter::Form::kSpaced).Json(parsed->root());
  const auto from_ascii = json::Parse(ascii);
  Require(from_ascii.has_value());
  Require(from_ascii->root().ToText() == text);
  return 0;
}
