#include "cel/library/regex_argument.h"

namespace insightd::cel {

PrepareFunction PrepareRegex(std::size_t argument) {
  return [argument](std::span<const Value* const> args) -> Prepared {
    const Value* pattern = args[argument];
    if (pattern == nullptr || !pattern->is_string()) return {};
    auto regex = Regex::Cached(pattern->AsString());
    if (!regex) return {nullptr, regex.error().message(), argument};
    return {std::move(*regex), {}, argument};
  };
}

RegexArgument::RegexArgument(Context& context, const Value& pattern, const void* prepared) {
  if (prepared != nullptr) {
    regex_ = static_cast<const Regex*>(prepared);
    return;
  }
  // Compiling is far more than a step.
  constexpr std::uint64_t kStepsToCompile = 50;
  if (!context.Spend(kStepsToCompile + pattern.AsString().size())) {
    error_ = context.LimitError();
    return;
  }
  auto regex = Regex::Cached(pattern.AsString());
  if (!regex) {
    error_ = context.ErrorText(regex.error().message());
    return;
  }
  made_ = std::move(*regex);
  regex_ = made_.get();
}

}  // namespace insightd::cel
