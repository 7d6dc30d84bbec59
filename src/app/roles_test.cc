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

TEST(RolesTest, AllStartsEveryRow) {
  const Names order = OrderOf(Roles(), "all");
  EXPECT_EQ(order.size(), Roles().size());
  EXPECT_EQ(order.back(), "all");
}

}  // namespace
}  // namespace insightd::app
