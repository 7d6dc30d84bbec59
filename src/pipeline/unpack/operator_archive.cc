#include "pipeline/unpack/operator_archive.h"

#include <algorithm>
#include <array>

namespace insightd::pipeline {
namespace {

// What each operator writes, of old ones too, and what an extractor of fingerprints alone is given.
constexpr std::array<std::string_view, 5> kTelling = {
    "config/id", "config/version.json", "config/version", "insights-operator/gathers.json",
    "config/workload_info.json"};

}  // namespace

bool TellsOfOperator(std::string_view member) {
  return std::ranges::find(kTelling, member) != kTelling.end();
}

Result<void> CheckIsOfOperator(const archive::FileTree& tree) {
  for (const std::string_view folder : {"config/", "insights-operator/"}) {
    if (!tree.WithPrefix(folder).empty()) return {};
  }
  return Fail(Code::kInvalid,
              "not an archive of an Insights Operator: none of its files lies below config/ or "
              "insights-operator/");
}

}  // namespace insightd::pipeline
