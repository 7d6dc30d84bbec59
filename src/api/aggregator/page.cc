#include "api/aggregator/page.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "api/aggregator/answers.h"

namespace insightd::api::aggregator {
namespace {

constexpr std::array<std::string_view, 4> kFilters = {"cluster", "rule_id", "error_key",
                                                      "namespace"};

// Nothing where the query does not have it.
Param<std::optional<std::uint64_t>> NumberOf(const Call& call, std::string_view name) {
  const std::optional<std::string> text = call.request.Query(name);
  if (!text) return std::nullopt;
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size()) {
    return tl::unexpected(ParsingError(name, *text, "unsigned integer expected"));
  }
  return number;
}

}  // namespace

Param<Page> Page::Of(const Call& call) {
  Page page;
  if (call.request.query.empty()) return page;
  const Param<std::optional<std::uint64_t>> limit = NumberOf(call, "limit");
  if (!limit) return tl::unexpected(limit.error());
  const Param<std::optional<std::uint64_t>> offset = NumberOf(call, "offset");
  if (!offset) return tl::unexpected(offset.error());
  page.limit_ = *limit;
  page.offset_ = offset->value_or(0);
  for (const std::string_view name : kFilters) {
    std::optional<std::string> value = call.request.Query(name);
    if (value) page.wanted_.push_back({std::string(name), *std::move(value)});
  }
  page.all_ = !*limit && page.offset_ == 0 && page.wanted_.empty();
  return page;
}

bool Page::Takes(std::initializer_list<Filter> filters) {
  if (all_) return true;
  for (const Filter& filter : filters) {
    const auto differs = [&](const Wanted& wanted) {
      return wanted.name == filter.name && wanted.value != filter.value;
    };
    if (std::any_of(wanted_.begin(), wanted_.end(), differs)) return false;
  }
  if (offset_ > 0) {
    --offset_;
    return false;
  }
  if (!limit_) return true;
  if (*limit_ == 0) return false;
  --*limit_;
  return true;
}

}  // namespace insightd::api::aggregator
