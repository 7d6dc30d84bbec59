#include "app/fleet/format.h"

#include <gtest/gtest.h>

namespace insightd::app {
namespace {

fleet::ClusterState State(std::string id, std::array<std::int64_t, fleet::kRisks> hits) {
  fleet::ClusterState state;
  state.cluster.id = std::move(id);
  state.report.emplace();
  state.report->hits_by_risk = hits;
  return state;
}

TEST(FleetFormatTest, TheWorstClusterStandsFirstAndBeforeItWhatCannotBeRead) {
  fleet::RunResult result;
  result.clusters = {State("healthy", {0, 0, 0, 0}), State("many-low", {9, 0, 0, 0}),
                     State("one-critical", {0, 0, 0, 1}), State("important", {0, 0, 1, 0})};
  result.clusters.emplace_back().cluster.id = "silent";

  const std::string table = FormatClusters(result, Time());

  std::size_t before = 0;
  for (const char* id : {"silent", "one-critical", "important", "many-low", "healthy"}) {
    const std::size_t at = table.find(id);
    ASSERT_NE(at, table.npos) << id;
    EXPECT_GT(at, before) << id;
    before = at;
  }
  EXPECT_NE(table.find("not readable"), table.npos);
}

TEST(FleetFormatTest, ShowsNoTimesOfWhatWasNotMeasured) {
  fleet::RunResult result;
  result.failed = 2;
  result.failures = {{.what = std::string(fleet::kNoAnswer), .count = 2, .example = "refused"}};
  const std::string without = FormatSummary(result);
  EXPECT_EQ(without.find("p50"), without.npos) << without;
  EXPECT_NE(without.find("--url"), without.npos) << without;
  result.accepted = result.watched = result.readable = 1;
  result.upload.count = result.readable_after.count = 1;
  const std::string with = FormatSummary(result);
  EXPECT_NE(with.find("answered after    p50"), with.npos) << with;
  EXPECT_NE(with.find("(1 of 1 looked for)"), with.npos) << with;
  EXPECT_EQ(with.find("--url"), with.npos) << with;
}

}  // namespace
}  // namespace insightd::app
