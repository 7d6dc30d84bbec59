#include <gtest/gtest.h>

#include "store/testing/contract.h"

namespace insightd::store::testing {

TEST_P(StoreContract, HitsOfManyClustersComeByCluster) {
  Put(ResultOf("b", 3, "rb", {{"x.report", "K", ""}, {"a", "L", ""}}));
  Put(ResultOf("a", 4, "ra", {{"x.report", "K", ""}}));
  Put(ResultOf("silent", 4, "rs", {}));
  ClusterResult foreign = ResultOf("c", 5, "rc", {{"x.report", "K", ""}});
  foreign.org_id = 4'294'967'295;
  Put(foreign);
  const auto hits = [this](std::int64_t org_id, const Keys& clusters) {
    std::string shown;
    const auto done = store_->HitsOf(
        org_id, clusters, [&shown](std::string_view cluster, std::string_view rule_id) {
          shown.append(cluster).append(" ").append(rule_id).append("; ");
        });
    return done ? shown : done.error().message();
  };
  const Keys asked = {"c", "b", "b", "none", "silent", "a", std::string("\0", 1), "\xff"};
  EXPECT_EQ(hits(1, asked), "a x|K; b a|L; b x|K; ");
  EXPECT_EQ(hits(4'294'967'295, asked), "c x|K; ");
  EXPECT_EQ(hits(2, asked), "");
  EXPECT_EQ(hits(1, {}), "");
}

TEST_P(StoreContract, HitsOfSomeClustersAreNotThoseOfTheirNeighbours) {
  for (const char* const cluster : {"b", "d", "e", "f", "h"}) {
    Put(ResultOf(cluster, 3, std::string("r").append(cluster), {{"x", "K", ""}, {"y", "L", ""}}));
  }
  const auto clusters_of = [this](const Keys& clusters) {
    std::string shown;
    const auto done = store_->HitsOf(
        1, clusters, [&shown](std::string_view cluster, std::string_view) { shown += cluster; });
    return done ? shown : done.error().message();
  };
  EXPECT_EQ(clusters_of({"e"}), "ee");
  EXPECT_EQ(clusters_of({"b", "f"}), "bbff");
  EXPECT_EQ(clusters_of({"a", "c", "e", "g", "i"}), "ee");
  EXPECT_EQ(clusters_of({"a", "b", "c", "d", "h", "i", "j"}), "bbddhh");
  EXPECT_EQ(clusters_of({"i", "j"}), "");
}

}  // namespace insightd::store::testing
