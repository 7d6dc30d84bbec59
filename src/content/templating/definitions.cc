#include "content/templating/definitions.h"

#include <fmt/core.h>

#include <algorithm>

#include "base/text.h"

namespace insightd::content::templating {
namespace {

constexpr std::size_t kDefinitionsInDefinitionsMax = 20;
constexpr std::string_view kDefinition = "{{##";
constexpr std::string_view kDefinitionEnd = "#}}";
constexpr std::string_view kUse = "{{#";
constexpr std::string_view kUseEnd = "}}";

// The name alone: it may be written with and without `def.`.
std::string_view NameOf(std::string_view name) {
  name = Stripped(name);
  if (name.starts_with("def.")) name.remove_prefix(4);
  return name;
}

bool IsName(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || c == '.';
  });
}

}  // namespace

Expanded::Expanded(std::string_view source, std::size_t bytes_max) : bytes_max_(bytes_max) {
  if (source.find(kUse) == source.npos) {
    text_ = source;
    return;
  }
  // What is left of the source between definitions.
  struct Rest {
    std::string_view text;
    std::size_t offset;
  };
  std::vector<Rest> rests;
  std::size_t at = 0;
  std::size_t begin = 0;
  while ((begin = source.find(kDefinition, begin)) != source.npos) {
    const std::size_t end = source.find(kDefinitionEnd, begin + kDefinition.size());
    if (end == source.npos) break;
    const std::string_view inside =
        source.substr(begin + kDefinition.size(), end - begin - kDefinition.size());
    const std::size_t sign = inside.find_first_of(":=");
    if (sign == inside.npos || !IsName(NameOf(inside.substr(0, sign)))) {
      begin += kDefinition.size();
      continue;
    }
    definitions_.push_back({std::string(NameOf(inside.substr(0, sign))), inside.substr(sign + 1),
                            begin + kDefinition.size() + sign + 1});
    rests.push_back({source.substr(at, begin - at), at});
    at = begin = end + kDefinitionEnd.size();
  }
  rests.push_back({source.substr(at), at});
  for (const Rest& rest : rests) Put(rest.text, rest.offset, 0);
}

void Expanded::Put(std::string_view source, std::size_t offset, std::size_t depth) {
  if (depth > kDefinitionsInDefinitionsMax) {
    error_ = "a definition uses itself";
    return;
  }
  std::size_t at = 0;
  const auto put = [&](std::size_t end) {
    if (end == at) return;
    pieces_.push_back({text_.size(), offset + at});
    text_ += source.substr(at, end - at);
    at = end;
    if (text_.size() > bytes_max_) {
      error_ = fmt::format("longer than {} bytes once its definitions are put in", bytes_max_);
    }
  };
  while (error_.empty()) {
    const std::size_t begin = source.find(kUse, at);
    const std::size_t end = begin == source.npos ? begin : source.find(kUseEnd, begin);
    if (end == source.npos) break;
    const std::string_view name =
        NameOf(source.substr(begin + kUse.size(), end - begin - kUse.size()));
    const auto found =
        std::find_if(definitions_.begin(), definitions_.end(),
                     [name](const Definition& definition) { return definition.name == name; });
    if (found == definitions_.end()) {
      put(end);
      continue;
    }
    put(begin);
    Put(found->text, found->offset, depth + 1);
    at = end + kUseEnd.size();
  }
  if (error_.empty()) put(source.size());
}

std::size_t Expanded::SourceOffset(std::size_t offset) const {
  if (pieces_.empty()) return offset;
  const auto behind =
      std::upper_bound(pieces_.begin(), pieces_.end(), offset,
                       [](std::size_t at, const Piece& piece) { return at < piece.begin; });
  if (behind == pieces_.begin()) return offset;
  const Piece& piece = *std::prev(behind);
  return piece.source + offset - piece.begin;
}

}  // namespace insightd::content::templating
