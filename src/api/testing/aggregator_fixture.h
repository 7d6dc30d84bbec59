// The aggregator's API over the embedded store, for tests without a socket: what a request is
// answered, and whether the OpenAPI document describes that.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "api/aggregator/aggregator.h"
#include "api/aggregator/spec.h"
#include "api/testing/fleet.h"
#include "api/testing/schema_check.h"
#include "base/base64.h"
#include "base/json.h"

namespace insightd::api::testing {

class AggregatorTest : public ::testing::Test {
 protected:
  static constexpr const char* kHigh = "p.external.rules.high.report";
  static constexpr const char* kPrefix = "/api/v1/";

  explicit AggregatorTest(AggregatorOptions options = {}) { Start(std::move(options)); }

  // Answers from now on by other options, or from another store.
  void Start(AggregatorOptions options, store::Store* store = nullptr) {
    if (store == nullptr) store = &fleet_.store();
    StartOn(std::move(options), *store, *store);
  }
  void StartOn(AggregatorOptions options, store::Store& recommendations, store::Store& workloads) {
    router_ = std::make_unique<http::Router>();
    RegisterAggregator(*router_,
                       {.recommendations = &recommendations,
                        .workloads = &workloads,
                        .clock = &SystemClock(),
                        .metrics = &registry_},
                       options);
  }

  http::Response Send(http::Method method, const std::string& path, const std::string& body = "") {
    http::Request request;
    request.method = method;
    request.target = kPrefix + path;
    request.headers = headers_;
    request.body = body;
    return router_->Answer(std::move(request));
  }
  http::Response Get(const std::string& path) { return Send(http::Method::kGet, path); }
  http::Response Put(const std::string& path, const std::string& body = "") {
    return Send(http::Method::kPut, path, body);
  }
  http::Response Post(const std::string& path, const std::string& body = "") {
    return Send(http::Method::kPost, path, body);
  }

  // The whole body of a good answer, which is JSON with a line end.
  static void ExpectAnswer(const http::Response& response, const std::string& body) {
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, body + "\n");
    const std::string* type = http::FindHeader(response.headers, "content-type");
    ASSERT_NE(type, nullptr);
    EXPECT_EQ(*type, "application/json; charset=utf-8");
  }
  // `text` stands in the JSON string as it is given.
  static void ExpectError(const http::Response& response, int status, const std::string& text) {
    EXPECT_EQ(response.status, status);
    EXPECT_EQ(response.body, "{\"status\":\"" + text + "\"}\n");
  }
  static void ExpectSchema(const http::Response& response, const std::string& name) {
    EXPECT_EQ(response.status, 200) << response.body;
    const auto document = json::Parse(std::string(aggregator::BuiltInSpec()));
    const auto answer = json::Parse(response.body);
    ASSERT_TRUE(document && answer) << response.body;
    EXPECT_THAT(CheckSchema(document->root(), name, answer->root()), ::testing::IsEmpty())
        << response.body;
  }

  void AskAs(const std::string& identity) {
    headers_ = {{"X-Rh-Identity", EncodeBase64(identity)}};
  }
  void AskAsOrganization(const std::string& org_id) {
    AskAs(R"({"identity":{"org_id":")" + org_id + R"("}})");
  }

  Fleet fleet_;
  metrics::Registry registry_;
  std::unique_ptr<http::Router> router_;
  std::vector<http::HeaderField> headers_;
};

}  // namespace insightd::api::testing
