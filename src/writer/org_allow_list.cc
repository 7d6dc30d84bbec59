#include "writer/org_allow_list.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <optional>

#include "base/text.h"

namespace insightd::writer {
namespace {

constexpr std::string_view kSetting = "writer.org_allowlist_file";

std::string_view Unquoted(std::string_view field) {
  if (field.size() >= 2 && field.front() == '"' && field.back() == '"') {
    return field.substr(1, field.size() - 2);
  }
  return field;
}

}  // namespace

Result<OrgAllowList> OrgAllowList::Read(const std::string& path) {
  OrgAllowList list;
  if (path.empty()) return list;
  std::ifstream file(path);
  if (!file) {
    return Fail(Code::kNotFound, fmt::format("{}: {} cannot be read", kSetting, path));
  }
  list.is_on_ = true;
  std::optional<std::ptrdiff_t> commas;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    const std::string_view text = Stripped(line);
    if (text.empty()) continue;
    const std::ptrdiff_t found = std::count(text.begin(), text.end(), ',');
    if (!commas) {
      commas = found;  // the headings
      continue;
    }
    if (found != *commas) {
      return Fail(Code::kInvalid, fmt::format("{}: {} line {}: {} columns instead of {}", kSetting,
                                              path, number, found + 1, *commas + 1));
    }
    const std::string_view field = Unquoted(text.substr(0, text.find(',')));
    std::uint32_t org_id = 0;
    const auto [end, error] = std::from_chars(field.data(), field.data() + field.size(), org_id);
    if (error != std::errc() || end != field.data() + field.size()) {
      return Fail(Code::kInvalid,
                  fmt::format("{}: {}: organization ID on line {} in allowlist CSV is not "
                              "numerical. Found value: {}",
                              kSetting, path, number, field.substr(0, 64)));
    }
    list.org_ids_.insert(org_id);
  }
  return list;
}

}  // namespace insightd::writer
