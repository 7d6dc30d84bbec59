#include "blob/s3/http_date.h"

#include <ctime>
#include <string>

namespace insightd::blob::s3 {

std::optional<Time> ParseHttpDate(std::string_view text) {
  std::tm parts{};
  const std::string whole(text);
  const char* end = strptime(whole.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') return std::nullopt;
  return Time(seconds(timegm(&parts)));
}

}  // namespace insightd::blob::s3
