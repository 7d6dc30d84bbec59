#include "base/packed_text.h"

#include <cstdint>
#include <cstring>

namespace insightd {

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

}  // namespace insightd
