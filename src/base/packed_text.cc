#include "base/packed_text.h"

#include <cstdint>
#include <cstring>
#include <limits>

namespace insightd {
namespace {

// The length of a text that is missing.
constexpr std::uint32_t kMissing = std::numeric_limits<std::uint32_t>::max();

}  // namespace

void PutPacked(std::string& out, std::string_view text) {
  const auto size = static_cast<std::uint32_t>(text.size());
  out.append(reinterpret_cast<const char*>(&size), sizeof(size)).append(text);
}

bool TakePacked(std::string_view& from, std::string& into) {
  std::uint32_t size = 0;
  if (from.size() < sizeof(size)) return false;
  std::memcpy(&size, from.data(), sizeof(size));
  from.remove_prefix(sizeof(size));
  if (from.size() < size) return false;
  into.assign(from.substr(0, size));
  from.remove_prefix(size);
  return true;
}

void PutPackedOptional(std::string& out, const std::optional<std::string>& text) {
  if (text) {
    PutPacked(out, *text);
  } else {
    out.append(reinterpret_cast<const char*>(&kMissing), sizeof(kMissing));
  }
}

bool TakePackedOptional(std::string_view& from, std::optional<std::string>& into) {
  std::uint32_t size = 0;
  if (from.size() >= sizeof(size)) std::memcpy(&size, from.data(), sizeof(size));
  if (size != kMissing) return TakePacked(from, into.emplace());
  from.remove_prefix(sizeof(size));
  into.reset();
  return true;
}

}  // namespace insightd
