#include "app/roles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "app/host.h"

namespace insightd::app {
namespace {

using Names = std::vector<std::string_view>;

Names OrderOf(std::span<const RoleRow> rows, std::string_view name) {
  Names names;
  for (const RoleRow* row : StartOrder(rows, name)) names.push_back(row->name);
  return names;
}

TEST(StartOrderTest, StartsWhatIsNeededFirstAndOnlyThat) {
  const std::vector<RoleRow> rows = {{"writer", {"bus", "store"}, nullptr},
                                     {"bus", {"folder"}, nullptr},
                                     {"store", {"folder"}, nullptr},
                                     {"folder", {}, nullptr},
                                     {"page", {}, nullptr}};
  EXPECT_EQ(OrderOf(rows, "writer"), (Names{"folder", "bus", "store", "writer"}));
  EXPECT_EQ(OrderOf(rows, "page"), (Names{"page"}));
}

TEST(StartOrderTest, EndsOnACircle) {
  const std::vector<RoleRow> rows = {{"a", {"b"}, nullptr}, {"b", {"a"}, nullptr}};
  EXPECT_DEATH(StartOrder(rows, "a"), "kOpen");
}

Names OrderOf(std::string_view role) { return OrderOf(Roles(FormOf(role)), role); }

TEST(RolesTest, AllStartsEveryRowOfItsForm) {
  const Names order = OrderOf("all");
  EXPECT_EQ(order.size(), Roles(Form::kEmbedded).size());
  EXPECT_EQ(order.back(), "all");
}

TEST(RolesTest, HealthIsAnsweredBeforeAllElseAndLongest) {
  EXPECT_EQ(OrderOf("all").front(), "health");
  for (const std::string_view role : DistributedRoles()) {
    EXPECT_EQ(OrderOf(role).front(), "health") << role;
  }
}

TEST(RolesTest, EachProcessHasOnlyTheConnectionsThatItNeeds) {
  EXPECT_EQ(OrderOf("ingress"), (Names{"health", "bus", "blob", "identity", "ingress"}));
  EXPECT_EQ(OrderOf("pipeline"),
            (Names{"health", "hosted metrics", "bus", "blob or hosts", "rules", "pipeline"}));
  EXPECT_EQ(OrderOf("writer"), (Names{"health", "bus", "store", "stored messages", "blob if set",
                                      "upkeep", "writer"}));
  EXPECT_EQ(OrderOf("api"), (Names{"health", "page", "store", "rules", "identity", "api"}));
}

TEST(RolesTest, AStandInForAWriterHasADatabaseForItsApiToo) {
  for (const std::string_view role :
       {kAggregatorApi, kAggregatorWriterOfNothing, kAggregatorWriterIntoRedis}) {
    EXPECT_THAT(OrderOf(role), ::testing::Contains("store if set")) << role;
    EXPECT_THAT(OrderOf(role), ::testing::Not(::testing::Contains("upkeep"))) << role;
  }
  EXPECT_THAT(OrderOf(kAggregatorWriter), ::testing::IsSupersetOf({"store", "upkeep"}));
}

TEST(RolesTest, EachIsOfOneForm) {
  EXPECT_EQ(FormOf("all"), Form::kEmbedded);
  for (const std::string_view role : DistributedRoles()) {
    EXPECT_EQ(FormOf(role), Form::kDistributed);
  }
}

}  // namespace
}  // namespace insightd::app
