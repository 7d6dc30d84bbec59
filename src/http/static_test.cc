#include "http/static.h"

#include <gtest/gtest.h>

namespace insightd::http {
namespace {

class StaticTest : public testing::Test {
 protected:
  StaticTest() { router_.SetFallback(ServeStatic(kFiles, {"/api/"})); }

  Response Get(std::string target, std::vector<HeaderField> headers = {},
               Method method = Method::kGet) {
    Request request;
    request.method = method;
    request.target = std::move(target);
    request.headers = std::move(headers);
    return router_.Answer(std::move(request));
  }
  static std::string Header(const Response& response, std::string_view name) {
    const std::string* value = FindHeader(response.headers, name);
    return value == nullptr ? "" : *value;
  }

  static constexpr StaticFile kFiles[] = {
      {.path = "/index.html", .content_type = "text/html", .bytes = "<html>"},
      {.path = "/assets/a-1.js",
       .content_type = "text/javascript",
       .bytes = "compressed",
       .gzip = true,
       .immutable = true}};
  Router router_;
};

TEST_F(StaticTest, SaysThatAFileIsCompressedAndMayBeKept) {
  const Response response = Get("/assets/a-1.js");
  EXPECT_EQ(response.bytes(), "compressed");
  EXPECT_EQ(Header(response, "content-encoding"), "gzip");
  EXPECT_EQ(Header(response, "content-type"), "text/javascript");
  EXPECT_EQ(Header(response, "cache-control"), "public, max-age=31536000, immutable");
}

TEST_F(StaticTest, ServesThePageForItsOwnPaths) {
  for (const char* path : {"/", "/clusters/42", "/recommendations/a.b%7CKEY"}) {
    const Response response = Get(path);
    EXPECT_EQ(response.bytes(), "<html>") << path;
    EXPECT_EQ(Header(response, "cache-control"), "no-cache");
  }
}

TEST_F(StaticTest, NeverAnswersAnApiOrAMissingFileWithThePage) {
  EXPECT_EQ(Get("/api/nothing").body, "404 page not found\n");
  EXPECT_EQ(Get("/assets/gone-2.js").status, 404);
  EXPECT_EQ(Get("/", {}, Method::kPost).status, 405);
  EXPECT_EQ(Get("/clusters/42", {}, Method::kPost).status, 404);
}

TEST_F(StaticTest, SaysThatNothingHasChanged) {
  const std::string etag = Header(Get("/"), "etag");
  const Response response = Get("/", {{"If-None-Match", etag}});
  EXPECT_EQ(response.status, 304);
  EXPECT_TRUE(response.bytes().empty());
}

}  // namespace
}  // namespace insightd::http
