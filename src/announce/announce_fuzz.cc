// Feeds any bytes to the parsers of announcements, identities and times. What is good must come out
// of Print as something that reads the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "announce/announcement.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace insightd;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  json::Parser parser;
  static_cast<void>(announce::TracesOf(bytes, parser));
  static_cast<void>(announce::ParseIdentity(bytes));
  static_cast<void>(announce::ParseIsoTime(bytes));
  static_cast<void>(announce::MetadataFor(bytes, Time{}, parser));
  const auto parsed = announce::Parse(bytes, parser);
  if (!parsed) {
    Require(!parsed.error().message().empty());
    return 0;
  }
  const std::string printed = announce::Print(*parsed);
  Require(printed.find('\n') == std::string::npos);
  const auto again = announce::Parse(printed, parser);
  Require(again.has_value());
  Require(again->identity.org_id == parsed->identity.org_id);
  Require(again->cluster() == parsed->cluster());
  Require(again->uploaded == parsed->uploaded);
  Require(announce::Print(*again) == printed);
  return 0;
}
