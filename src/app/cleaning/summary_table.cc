#include "app/cleaning/summary_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace insightd::app::cleaning {
namespace {

std::string Times(std::string_view piece, std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) text += piece;
  return text;
}

}  // namespace

std::string Print(const Summary& summary) {
  using Line = std::pair<std::string, std::string>;
  std::vector<Line> lines = {{"Proper cluster entries", std::to_string(summary.proper_entries)},
                             {"Improper cluster entries", std::to_string(summary.improper_entries)},
                             {"", ""}};
  std::int64_t total = 0;
  for (const auto& [table, rows] : summary.deletions) {
    total += rows;
    lines.emplace_back(fmt::format("Deletions from table '{}'", table), std::to_string(rows));
  }
  const Line head = {"SUMMARY", "COUNT"};
  const Line foot = {"Total deletions", std::to_string(total)};
  std::size_t left = std::max(head.first.size(), foot.first.size());
  std::size_t right = std::max(head.second.size(), foot.second.size());
  for (const Line& line : lines) {
    left = std::max(left, line.first.size());
    right = std::max(right, line.second.size());
  }
  const auto rule = [&](std::string_view begin, std::string_view middle, std::string_view end) {
    return fmt::format("{}{}{}{}{}\n", begin, Times("─", left + 2), middle, Times("─", right + 2),
                       end);
  };
  std::string text = rule("┌", "┬", "┐");
  text += fmt::format("│ {:^{}} │ {:^{}} │\n", head.first, left, head.second, right);
  text += rule("├", "┼", "┤");
  for (const Line& line : lines) {
    text += fmt::format("│ {:<{}} │ {:<{}} │\n", line.first, left, line.second, right);
  }
  text += rule("├", "┼", "┤");
  text += fmt::format("│ {:>{}} │ {:>{}} │\n", foot.first, left, foot.second, right);
  text += rule("└", "┴", "┘");
  return text;
}

}  // namespace insightd::app::cleaning
