#include "api/aggregator/spec.h"

#include <filesystem>
#include <fstream>

#include "api/testing/aggregator_fixture.h"
#include "base/testing/temp_folder.h"

namespace insightd::api {
namespace {

class SpecTest : public testing::AggregatorTest {
 protected:
  json::Document Served(const AggregatorOptions& options,
                        const std::string& name = "openapi.json") {
    Start(options);
    const http::Response response = Get(name);
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(*http::FindHeader(response.headers, "content-type"), "application/json");
    return json::Parse(response.bytes().data() == nullptr ? "" : std::string(response.bytes()))
        .value();
  }
};

TEST_F(SpecTest, ShowsOperationsForDebuggingOnlyWhereTheyAre) {
  const json::Document plain = Served({});
  EXPECT_FALSE(plain.root()["paths"].Find("/organizations"));
  EXPECT_TRUE(plain.root()["paths"].Find("/organizations/{organization}/clusters"));
  const json::Document debug = Served({.debug = true});
  EXPECT_TRUE(debug.root()["paths"].Find("/organizations"));
}

TEST_F(SpecTest, NamesThePrefixInForce) {
  const auto server = [&](const char* prefix) {
    Start({.api_prefix = prefix});
    http::Request request;
    request.target = std::string(prefix) + "openapi.json";
    const json::Document document =
        json::Parse(std::string(router_->Answer(request).bytes())).value();
    for (const json::Value one : document.root()["servers"].elements()) {
      return std::string(one["url"].AsString());
    }
    return std::string();
  };
  EXPECT_EQ(server("/api/v1/"), "/api/v1");
  EXPECT_EQ(server("/other/"), "/other");
  EXPECT_EQ(server("/"), "/");
}

TEST_F(SpecTest, ServesAFileUnderItsName) {
  const insightd::testing::TempFolder folder;
  AggregatorOptions options;
  options.spec_file = folder / "mine.json";
  EXPECT_FALSE(options.Check("aggregator."));
  std::ofstream(options.spec_file)
      << R"({"paths": {"/a": {"get": {"tags": [" DEBUG "]}, "put": {}}, "/b": {"get": )"
      << R"({"tags": ["debug", "x"]}, "parameters": []}}, "openapi": "3.0.0"})";
  EXPECT_TRUE(options.Check("aggregator."));
  const json::Document document = Served(options, "mine.json");
  EXPECT_EQ(document.root().ToText(), R"({"paths":{"/a":{"put":{}}},"openapi":"3.0.0"})");
  EXPECT_EQ(Get("openapi.json").status, 404);
  std::filesystem::remove(options.spec_file);
  EXPECT_EQ(Get("mine.json").status, 200) << "it was read before";
}

TEST_F(SpecTest, ServesWhatItCannotFilterAsItIs) {
  EXPECT_EQ(aggregator::WithoutDebug("no JSON"), "no JSON");
  EXPECT_EQ(aggregator::WithoutDebug("[1]"), "[1]");
}

TEST(AggregatorOptionsTest, RefusesAPrefixWithoutSlashes) {
  AggregatorOptions options;
  EXPECT_TRUE(options.Check("aggregator."));
  options.api_prefix = "/api";
  const Result<void> checked = options.Check("server.");
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().message(),
            "server.api_prefix: \"/api\" does not begin and end with a slash; write /api/v1/");
}

}  // namespace
}  // namespace insightd::api
