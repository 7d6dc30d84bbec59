#include "http/identity.h"

#include <gtest/gtest.h>

#include "base/base64.h"

namespace insightd::http {
namespace {

constexpr char kCluster[] = "34c3ecc5-624a-49a5-bab8-4fdc5e51a266";

Request From(std::string address, std::string header = "", std::string subject = "") {
  Request request;
  request.remote_address = std::move(address);
  request.client_subject = std::move(subject);
  if (!header.empty()) request.headers.push_back({"X-Rh-Identity", std::move(header)});
  return request;
}

TEST(IdentityTest, BelievesTheHeaderOfATrustedProxyAlone) {
  const auto gate = IdentityGate::Make({.trusted_proxies = {"10.1.0.0/16", "::1"}}).value();
  const std::string header = EncodeBase64(
      R"({"identity":{"org_id":"7","type":"User","account_number":"5","user":{"user_id":"9"}}})");
  for (const char* address : {"10.1.255.3", "::1"}) {
    const auto caller = gate->Identify(From(address, header));
    ASSERT_TRUE(caller) << address;
    EXPECT_EQ(caller->org_id, 7u);
    EXPECT_EQ(caller->user_id, "9");
    EXPECT_EQ(caller->account_number, "5");
    EXPECT_EQ(caller->header, header);
  }
  for (const char* address : {"10.2.0.1", "127.0.0.1", "::2", "11.1.0.0"}) {
    const auto caller = gate->Identify(From(address, header));
    ASSERT_TRUE(caller) << address;
    EXPECT_EQ(caller->org_id, 1u);
    EXPECT_EQ(caller->header, "");
  }
}

TEST(IdentityTest, TellsWhatIsWrongWithTheHeader) {
  const auto gate = IdentityGate::Make({.trusted_proxies = {"0.0.0.0/0"}}).value();
  const auto problem = [&](const std::string& header) {
    return gate->Identify(From("1.2.3.4", header)).error();
  };
  EXPECT_EQ(problem(""), IdentityProblem::kMissing);
  EXPECT_EQ(problem("!!!!"), IdentityProblem::kNotBase64);
  EXPECT_EQ(problem("abc"), IdentityProblem::kNotBase64);
  EXPECT_EQ(problem(EncodeBase64("{")), IdentityProblem::kNotJson);
  EXPECT_EQ(problem(EncodeBase64("[]")), IdentityProblem::kNotJson);
  for (const char* org : {"1", "null", "\"\"", "\"0\"", "\"-1\"", "\"4294967296\"", "\"x\""}) {
    EXPECT_EQ(problem(EncodeBase64(
                  "{\"identity\":{\"type\":\"User\",\"org_id\":" + std::string(org) + "}}")),
              IdentityProblem::kNoOrganization)
        << org;
  }
  EXPECT_EQ(problem(EncodeBase64(R"({"identity":{"org_id":"1"}})")), IdentityProblem::kNoType);
}

TEST(IdentityTest, RefusesWhoHasNoneWhereTenantsAreMany) {
  const auto gate = IdentityGate::Make({.single_tenant = false}).value();
  EXPECT_EQ(gate->Identify(From("127.0.0.1")).error(), IdentityProblem::kMissing);
}

TEST(IdentityTest, TakesTheClusterAndOrganisationOfACertificate) {
  const auto gate = IdentityGate::Make({.single_tenant = false}).value();
  const auto caller = gate->Identify(From("1.1.1.1", "", "CN=" + std::string(kCluster) + ",O=12"));
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->org_id, 12u);
  EXPECT_EQ(caller->certified_cluster, kCluster);
  EXPECT_FALSE(gate->Identify(From("1.1.1.1", "", "CN=somebody")));
}

TEST(IdentityTest, RefusesAProxyThatIsNoAddress) {
  for (const char* wrong : {"proxy", "10.0.0.0/33", "10.0.0.0/x", "::1/129", ""}) {
    const auto gate = IdentityGate::Make({.trusted_proxies = {wrong}});
    ASSERT_FALSE(gate) << wrong;
    EXPECT_EQ(gate.error().code(), Code::kInvalid);
  }
}

TEST(UserAgentTest, NamesTheCluster) {
  EXPECT_EQ(ClusterOfUserAgent("insights-operator/4.18.3-abc cluster/34C3ECC5-624a-49a5-bab8-"
                               "4fdc5e51a266"),
            kCluster);
  EXPECT_EQ(ClusterOfUserAgent("curl/7.88"), "");
  EXPECT_EQ(ClusterOfUserAgent("acm-operator/v2.10.0 cluster/acm-hub"), "");
  EXPECT_EQ(ClusterOfUserAgent(""), "");
}

}  // namespace
}  // namespace insightd::http
