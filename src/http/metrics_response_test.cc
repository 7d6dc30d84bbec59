#include "http/metrics_response.h"

#include <gtest/gtest.h>

#include "base/gzip.h"

namespace insightd::http {
namespace {

constexpr const char* kText = "# TYPE up gauge\nup 1\n";

Response Asked(const std::string& accepted) {
  Request request;
  if (!accepted.empty()) request.headers.push_back({"Accept-Encoding", accepted});
  return MetricsResponse(request, kText);
}

TEST(MetricsResponse, GoesGzippedWhereThatIsAccepted) {
  for (const char* const accepted : {"gzip", "GZip", "deflate, gzip;q=0.5", "gzip ; q=1, br"}) {
    const Response response = Asked(accepted);
    ASSERT_NE(FindHeader(response.headers, "content-encoding"), nullptr) << accepted;
    EXPECT_EQ(*FindHeader(response.headers, "content-encoding"), "gzip");
    EXPECT_EQ(gzip::Inflate(response.body, 1'000, "test").value(), kText);
    EXPECT_EQ(*FindHeader(response.headers, "content-type"),
              "text/plain; version=0.0.4; charset=utf-8");
    EXPECT_EQ(*FindHeader(response.headers, "vary"), "Accept-Encoding");
  }
}

TEST(MetricsResponse, GoesAsItIsToAnyoneElse) {
  for (const char* const accepted :
       {"", "identity", "xgzip", "gzip;q=0", "br, gzip; q=0.000", ",", "*", ";", "gzip;q=0,"}) {
    const Response response = Asked(accepted);
    EXPECT_EQ(FindHeader(response.headers, "content-encoding"), nullptr) << accepted;
    EXPECT_EQ(response.body, kText) << accepted;
  }
}

}  // namespace
}  // namespace insightd::http
