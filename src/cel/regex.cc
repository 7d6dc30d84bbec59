#include "cel/regex.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <unordered_map>

namespace insightd::cel {
namespace {

// Longer expressions do not compile.
constexpr std::size_t kPatternBytesMax = 16 << 10;

re2::StringPiece Piece(std::string_view text) { return {text.data(), text.size()}; }

}  // namespace

Regex::Regex(std::unique_ptr<re2::RE2> re2) : re2_(std::move(re2)) {}
Regex::~Regex() = default;

Result<std::shared_ptr<const Regex>> Regex::Make(std::string_view pattern) {
  if (pattern.size() > kPatternBytesMax) {
    return Fail(Code::kInvalid, fmt::format("regular expression of {} bytes is over {}",
                                            pattern.size(), kPatternBytesMax));
  }
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexBytesMax);
  auto re2 = std::make_unique<re2::RE2>(Piece(pattern), options);
  if (!re2->ok()) {
    return Fail(Code::kInvalid, fmt::format("invalid regular expression: {}", re2->error()));
  }
  return std::shared_ptr<const Regex>(new Regex(std::move(re2)));
}

Result<std::shared_ptr<const Regex>> Regex::Cached(std::string_view pattern) {
  thread_local std::unordered_map<std::string, std::shared_ptr<const Regex>> cache;
  const std::string key(pattern);
  if (const auto found = cache.find(key); found != cache.end()) return found->second;
  auto regex = Make(pattern);
  if (!regex) return regex;
  if (cache.size() >= kRegexCacheMax) cache.clear();
  cache.emplace(key, *regex);
  return regex;
}

bool Regex::Search(std::string_view text) const {
  return re2_->Match(Piece(text), 0, text.size(), re2::RE2::UNANCHORED, nullptr, 0);
}

std::vector<std::string_view> Regex::Match(std::string_view text, std::size_t from) const {
  std::vector<re2::StringPiece> pieces(static_cast<std::size_t>(groups()) + 1);
  if (from > text.size() || !re2_->Match(Piece(text), from, text.size(), re2::RE2::UNANCHORED,
                                         pieces.data(), static_cast<int>(pieces.size()))) {
    return {};
  }
  std::vector<std::string_view> found;
  for (const re2::StringPiece& piece : pieces) found.emplace_back(piece.data(), piece.size());
  return found;
}

std::size_t Regex::Find(std::string_view text, std::size_t from) const {
  re2::StringPiece match;
  if (from > text.size() ||
      !re2_->Match(Piece(text), from, text.size(), re2::RE2::UNANCHORED, &match, 1)) {
    return text.npos;
  }
  return static_cast<std::size_t>(match.data() - text.data());
}

int Regex::groups() const { return re2_->NumberOfCapturingGroups(); }
std::string_view Regex::pattern() const { return re2_->pattern(); }

}  // namespace insightd::cel
