#include "http/router.h"

#include <gtest/gtest.h>

namespace insightd::http {
namespace {

Request Ask(Method method, std::string target) {
  Request request;
  request.method = method;
  request.target = std::move(target);
  return request;
}

Response Echo(const Request& request) {
  std::string text;
  for (const PathVariable& variable : request.variables) {
    text += variable.name + "=" + variable.value + ";";
  }
  return TextResponse(200, text);
}

class RouterTest : public testing::Test {
 protected:
  RouterTest() {
    router_.Add(Method::kGet, "/api/v2/", Echo);
    router_.Add(Method::kGet, "/api/v2/cluster/{cluster}/reports", Echo);
    router_.Add(Method::kGet, "/api/v2/rule", Echo);
    router_.Add(Method::kGet, "/api/v2/rule/{rule}/content", Echo);
    router_.Add(Method::kPut, "/api/v2/rule/{rule}/content", Echo);
    router_.Add(Method::kGet, "/api/v2/rule/fixed/content",
                [](const Request&) { return TextResponse(200, "fixed"); });
  }
  Response Get(std::string target) { return router_.Answer(Ask(Method::kGet, std::move(target))); }

  Router router_;
};

TEST_F(RouterTest, FillsVariablesFromTheDecodedPath) {
  EXPECT_EQ(Get("/api/v2/rule/a.b%7CKEY/content?x=%7C").body, "rule=a.b|KEY;");
  EXPECT_EQ(Get("/api/v2/cluster/42/reports").body, "cluster=42;");
}

TEST_F(RouterTest, PrefersASegmentThatIsWrittenOut) {
  EXPECT_EQ(Get("/api/v2/rule/fixed/content").body, "fixed");
}

TEST_F(RouterTest, TriesVariablesWhereSegmentsThatAreWrittenOutLeadNowhere) {
  router_.Add(Method::kGet, "/a/fixed/{x}/one", Echo);
  router_.Add(Method::kGet, "/a/{y}/{z}/two", Echo);
  router_.Add(Method::kGet, "/a/{y}/fixed/three/", Echo);
  EXPECT_EQ(Get("/a/fixed/1/one").body, "x=1;");
  EXPECT_EQ(Get("/a/fixed/1/two").body, "y=fixed;z=1;");
  EXPECT_EQ(Get("/a/fixed/fixed/three/").body, "y=fixed;");
  EXPECT_EQ(Get("/a/fixed/fixed/two").body, "y=fixed;z=fixed;");
  EXPECT_EQ(Get("/a/fixed/1/four").status, 404);
}

TEST_F(RouterTest, AnswersAnUnknownPathAsTheOriginalsDo) {
  const Response response = Get("/api/v2/nothing");
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.body, "404 page not found\n");
  EXPECT_EQ(*FindHeader(response.headers, "content-type"), "text/plain; charset=utf-8");
  EXPECT_EQ(*FindHeader(response.headers, "x-content-type-options"), "nosniff");
  EXPECT_EQ(Get("/api/v2/rule/a%2Fb/content").status, 404);
}

TEST_F(RouterTest, AnswersAKnownPathWithAnotherMethodWithoutABody) {
  const Response response = router_.Answer(Ask(Method::kDelete, "/api/v2/rule"));
  EXPECT_EQ(response.status, 405);
  EXPECT_TRUE(response.body.empty());
  EXPECT_EQ(*FindHeader(response.headers, "allow"), "GET, OPTIONS");
  EXPECT_EQ(router_.Answer(Ask(Method::kHead, "/api/v2/rule")).status, 405);
}

TEST_F(RouterTest, SaysWhyBelowTheUploadPath) {
  router_.Add(Method::kPost, "/api/ingress/v1/upload", Echo);
  router_.SetFallback([](const Request&) { return TextResponse(200, "page"); });
  Response response = Get("/api/ingress/v1/upload");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(*FindHeader(response.headers, "allow"), "POST, OPTIONS");
  EXPECT_NE(response.body.find("POST"), std::string::npos) << response.body;
  response = Get("/api/ingress/v2/upload");
  EXPECT_EQ(response.status, 404);
  EXPECT_NE(response.body.find("/api/ingress/v1/upload"), std::string::npos) << response.body;
}

TEST_F(RouterTest, AnswersOptionsWithoutRunningTheHandler) {
  const Response response = router_.Answer(Ask(Method::kOptions, "/api/v2/rule/x/content"));
  EXPECT_EQ(response.status, 204);
  EXPECT_TRUE(response.body.empty());
  EXPECT_EQ(*FindHeader(response.headers, "allow"), "GET, PUT, OPTIONS");
}

TEST_F(RouterTest, MovesToTheRoutesOwnSlash) {
  Response response = Get("/api/v2/rule/a%7Cb/content/?q=1");
  EXPECT_EQ(response.status, 301);
  EXPECT_EQ(*FindHeader(response.headers, "location"), "/api/v2/rule/a%7Cb/content?q=1");
  response = Get("/api/v2");
  EXPECT_EQ(response.status, 301);
  EXPECT_EQ(*FindHeader(response.headers, "location"), "/api/v2/");
  EXPECT_EQ(Get("/api/v2/").status, 200);
  EXPECT_EQ(router_.Answer(Ask(Method::kPost, "/api/v2/rule/")).status, 404);
}

TEST_F(RouterTest, MovesToTheShortestFormOfThePath) {
  const Response response = Get("/api//v2/./x/../rule?impacting=true");
  EXPECT_EQ(response.status, 301);
  EXPECT_EQ(*FindHeader(response.headers, "location"), "/api/v2/rule?impacting=true");
  EXPECT_EQ(*FindHeader(Get("/../../etc").headers, "location"), "/etc");
}

TEST_F(RouterTest, RefusesAPathThatCannotBeDecoded) {
  EXPECT_EQ(Get("/api/v2/%zz").status, 400);
  EXPECT_EQ(Get("/api/v2/%4").status, 400);
  EXPECT_EQ(Get("api/v2").status, 400);
}

TEST_F(RouterTest, LeavesUnknownPathsToTheFallback) {
  router_.SetFallback([](const Request& request) { return TextResponse(200, request.path); });
  EXPECT_EQ(Get("/clusters/42").body, "/clusters/42");
  EXPECT_EQ(Get("/api/v2/rule").body, "");
}

TEST(RequestTest, DecodesWhatIsEncoded) {
  EXPECT_EQ(PercentDecode(""), "");
  EXPECT_EQ(PercentDecode("a+b"), "a+b");
  EXPECT_EQ(PercentDecode("a+%2b%2B+%", /*plus_is_blank=*/true), std::nullopt);
  EXPECT_EQ(PercentDecode("a+%2b%2B+", /*plus_is_blank=*/true), "a ++ ");
  EXPECT_EQ(PercentDecode("%25%32%35%c3%a4x%00"), std::string("%25äx\0", 7));
  for (const char* const wrong : {"%", "%2", "a%2", "%%20", "%2g", "%+1", "%20%"}) {
    EXPECT_EQ(PercentDecode(wrong), std::nullopt) << wrong;
  }
}

TEST(RequestTest, DecodesParametersOfTheQuery) {
  Request request = Ask(Method::kGet, "/x?a=1&b=x%20y+z&flag&a=2&bad=%q");
  ASSERT_TRUE(SplitTarget(request));
  EXPECT_EQ(request.Query("a"), "1");
  EXPECT_EQ(request.Query("b"), "x y z");
  EXPECT_EQ(request.Query("flag"), "");
  EXPECT_EQ(request.Query("bad"), std::nullopt);
  EXPECT_EQ(request.Query("none"), std::nullopt);
}

TEST(RequestTest, TakesTheAbsoluteFormOfProxies) {
  Request request = Ask(Method::kGet, "http://host:80/x/y?z");
  ASSERT_TRUE(SplitTarget(request));
  EXPECT_EQ(request.path, "/x/y");
  EXPECT_EQ(request.query, "z");
}

TEST_F(RouterTest, AsksTheGuardFirst) {
  router_.AddGuarded(
      Method::kPost, "/guarded",
      [](const Request& request) -> AnswerOrWork {
        if (request.Header("who").empty()) return ErrorResponse(401, "who?");
        return [&request] { return TextResponse(200, request.body); };
      },
      /*body_bytes_max=*/64);
  Request request = Ask(Method::kPost, "/guarded");
  request.body = "body";
  EXPECT_EQ(router_.Answer(request).status, 401);
  request.headers = {{"Who", "me"}};
  EXPECT_EQ(router_.Answer(request).body, "body");
}

TEST_F(RouterTest, HidesMethodsWhereAsked) {
  router_.HideMethods();
  for (const Method method : {Method::kDelete, Method::kOptions, Method::kHead}) {
    const Response response = router_.Answer(Ask(method, "/api/v2/rule"));
    EXPECT_EQ(response.status, 405);
    EXPECT_TRUE(response.headers.empty());
  }
}

TEST_F(RouterTest, MovesToAPathEncodedAsTheOriginalsDo) {
  const Response response = Get("/api/v2/rule/a$&+,:;=@(%7C)/content/?x=1");
  EXPECT_EQ(response.status, 301);
  EXPECT_EQ(*FindHeader(response.headers, "location"),
            "/api/v2/rule/a$&+,:;=@%28%7C%29/content?x=1");
}

}  // namespace
}  // namespace insightd::http
