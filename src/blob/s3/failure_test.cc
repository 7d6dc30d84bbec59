#include "blob/s3/failure.h"

#include <gtest/gtest.h>

namespace insightd::blob::s3 {
namespace {

const Address kAddress{.scheme = "https",
                       .host = "s3.example.com",
                       .bucket = "archives",
                       .prefix = "",
                       .path_style = true};
constexpr Time kNow = std::chrono::sys_days{std::chrono::year{2026} / 11 / 26} + seconds(300);

std::string ErrorXml(const std::string& code) {
  return "<?xml version=\"1.0\"?><Error><Code>" + code +
         "</Code><Message>m</Message><StringToSign>secret</StringToSign></Error>";
}

Failure Of(int status, const std::string& body, std::string_view method = "GET") {
  Answer answer;
  answer.status = status;
  answer.body = body;
  answer.headers = {{"date", "Thu, 26 Nov 2026 00:00:00 GMT"}};
  return FailureOf(answer, method, "GET of k", kAddress, kNow);
}

TEST(FailureTest, AMissingObjectIsNotFoundAndNothingElseIs) {
  EXPECT_EQ(Of(404, ErrorXml("NoSuchKey")).error.code(), Code::kNotFound);
  EXPECT_EQ(Of(404, "", "HEAD").error.code(), Code::kNotFound);
  EXPECT_EQ(Of(404, ErrorXml("NoSuchBucket")).error.code(), Code::kUnavailable);
  EXPECT_EQ(Of(404, ErrorXml("NoSuchUpload")).error.code(), Code::kUnavailable);
  EXPECT_EQ(Of(404, "<html>nginx</html>").error.code(), Code::kUnavailable);
}

TEST(FailureTest, WhatAnOperatorCanMendIsUnavailableAndNamesTheSetting) {
  for (const auto& [status, code, setting] :
       {std::tuple{404, "NoSuchBucket", "blob.s3_bucket"},
        std::tuple{403, "InvalidAccessKeyId", "blob.s3_access_key"},
        std::tuple{403, "SignatureDoesNotMatch", "blob.s3_secret_key"},
        std::tuple{403, "AccessDenied", "blob.s3_access_key"},
        std::tuple{400, "ExpiredToken", "blob.s3_session_token"},
        std::tuple{400, "AuthorizationHeaderMalformed", "blob.s3_region"},
        std::tuple{301, "PermanentRedirect", "blob.s3_endpoint"},
        std::tuple{501, "NotImplemented", "blob.s3_if_none_match"},
        std::tuple{403, "RequestTimeTooSkewed", "300 s ahead"},
        std::tuple{403, "", "blob.s3_access_key"},
        std::tuple{400, "NeverHeardOf", "NeverHeardOf"}}) {
    const Failure failure = Of(status, ErrorXml(code));
    EXPECT_EQ(failure.error.code(), Code::kUnavailable) << code;
    EXPECT_FALSE(failure.may_pass) << code;
    EXPECT_NE(failure.error.message().find(setting), std::string::npos) << failure.error.message();
    EXPECT_NE(failure.error.message().find(code), std::string::npos) << failure.error.message();
    EXPECT_EQ(failure.error.message().find("secret\""), std::string::npos);
    EXPECT_EQ(failure.s3_code, code);
  }
}

TEST(FailureTest, WhatPassesByItselfMayBeTriedAgain) {
  for (const int status : {408, 409, 429, 500, 502, 503, 504}) {
    EXPECT_TRUE(Of(status, "").may_pass) << status;
  }
  for (const char* code : {"SlowDown", "InternalError", "RequestTimeout", "BadDigest"}) {
    EXPECT_TRUE(Of(400, ErrorXml(code)).may_pass) << code;
  }
  Answer none;
  none.failure.emplace(Code::kTimeout, "too slow");
  EXPECT_TRUE(FailureOf(none, "GET", "GET of k", kAddress, kNow).may_pass);
}

TEST(FailureTest, OtherKeysMayHelpOnlyWhereKeysWereRefused) {
  EXPECT_TRUE(Of(403, ErrorXml("InvalidAccessKeyId")).keys_refused);
  EXPECT_TRUE(Of(403, "", "HEAD").keys_refused);
  EXPECT_FALSE(Of(403, ErrorXml("RequestTimeTooSkewed")).keys_refused);
  EXPECT_FALSE(Of(503, "").keys_refused);
}

TEST(FailureTest, AConditionThatDoesNotHoldIsAConflict) {
  EXPECT_EQ(Of(412, ErrorXml("PreconditionFailed")).error.code(), Code::kConflict);
  EXPECT_EQ(Of(412, "", "HEAD").error.code(), Code::kConflict);
}

}  // namespace
}  // namespace insightd::blob::s3
