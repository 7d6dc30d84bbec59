#include "api/testing/schema_check.h"

#include <gtest/gtest.h>

#include "api/public_api.h"

namespace insightd::api::testing {
namespace {

TEST(SchemaCheckTest, FindsWhatIsNotAsDescribed) {
  const auto description = json::Parse(OpenApiDocument()).value();
  const auto value = json::Parse(R"({"cluster_id":"ABC","cluster_name":1,"managed":false,
      "last_checked_at":"","total_hit_count":-1,"more":true,
      "hits_by_total_risk":{"1":0,"2":0,"3":0}})")
                         .value();
  EXPECT_EQ(CheckSchema(description.root(), "FleetCluster", value.root()),
            (std::vector<std::string>{"FleetCluster.cluster_id: is no UUID in lower case",
                                      "FleetCluster.cluster_name: is integer and not string",
                                      "FleetCluster.last_checked_at: is no RFC 3339 time",
                                      "FleetCluster.total_hit_count: -1 is under the minimum",
                                      "FleetCluster.more: is not described",
                                      "FleetCluster.hits_by_total_risk: lacks 4"}));
}

}  // namespace
}  // namespace insightd::api::testing
