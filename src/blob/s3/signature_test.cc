#include "blob/s3/signature.h"

#include <gtest/gtest.h>

namespace insightd::blob::s3 {
namespace {

// The key and the requests are those that S3's documentation publishes with their signatures.
const Keys kKeys{"AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", ""};
constexpr std::string_view kRegion = "us-east-1";
constexpr Time kNow = std::chrono::sys_days{std::chrono::year{2013} / 5 / 24};

Signable Request(std::string_view method, std::string path) {
  return {.method = method,
          .host = "examplebucket.s3.amazonaws.com",
          .path = std::move(path),
          .payload_hash = std::string(kEmptyHash)};
}

std::string Authorization(const Signable& request) {
  return SignedHeaders(request, kKeys, kRegion, kNow).back().second;
}

TEST(SignatureTest, SignsAGetWithARange) {
  Signable request = Request("GET", "/test.txt");
  request.headers = {{"Range", "bytes=0-9"}};
  EXPECT_EQ(Authorization(request),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"
            "Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41");
}

TEST(SignatureTest, SignsAPutWithABodyAndAnOddKey) {
  Signable request = Request("PUT", "/test$file.text");
  request.headers = {{"Date", "Fri, 24 May 2013 00:00:00 GMT"},
                     {"x-amz-storage-class", "REDUCED_REDUNDANCY"}};
  request.payload_hash = Sha256Hex("Welcome to Amazon S3.");
  EXPECT_EQ(Authorization(request),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
            "SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class,"
            "Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd");
}

TEST(SignatureTest, SignsAParameterWithoutAValue) {
  Signable request = Request("GET", "/");
  request.query = {{"lifecycle", ""}};
  EXPECT_TRUE(Authorization(request).ends_with(
      "Signature=fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"));
}

TEST(SignatureTest, SignsParametersInAnyOrder) {
  for (const Pairs& query :
       {Pairs{{"max-keys", "2"}, {"prefix", "J"}}, Pairs{{"prefix", "J"}, {"max-keys", "2"}}}) {
    Signable request = Request("GET", "/");
    request.query = query;
    EXPECT_TRUE(Authorization(request).ends_with(
        "Signature=34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"));
  }
}

TEST(SignatureTest, SignsAUrl) {
  EXPECT_EQ(PresignedQuery(Request("GET", "/test.txt"), kKeys, kRegion, kNow, seconds(86'400)),
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2F"
            "us-east-1%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&X-Amz-Expires=86400&"
            "X-Amz-SignedHeaders=host&X-Amz-Signature="
            "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404");
}

TEST(SignatureTest, AUrlIsSignedForSevenDaysAtMost) {
  EXPECT_NE(PresignedQuery(Request("GET", "/k"), kKeys, kRegion, kNow, seconds(10'000'000))
                .find("X-Amz-Expires=604800&"),
            std::string::npos);
}

TEST(SignatureTest, ASessionTokenIsSignedToo) {
  Keys keys = kKeys;
  keys.session_token = "to/ken";
  const Pairs headers = SignedHeaders(Request("GET", "/k"), keys, kRegion, kNow);
  EXPECT_NE(headers.back().second.find(";x-amz-security-token,"), std::string::npos);
  EXPECT_NE(PresignedQuery(Request("GET", "/k"), keys, kRegion, kNow, seconds(1))
                .find("&X-Amz-Security-Token=to%2Fken&"),
            std::string::npos);
}

TEST(SignatureTest, EncodesEveryByteThatHasToBe) {
  EXPECT_EQ(UriEncode("aZ09-._~"), "aZ09-._~");
  EXPECT_EQ(UriEncode("a b+c/d%e\xc3\xbc"), "a%20b%2Bc%2Fd%25e%C3%BC");
  EXPECT_EQ(UriEncode("/a/b", /*keep_slash=*/true), "/a/b");
  EXPECT_EQ(EncodeQuery({{"prefix", "a/b"}, {"delimiter", ""}}), "delimiter=&prefix=a%2Fb");
}

TEST(SignatureTest, HashesAsPublished) {
  EXPECT_EQ(Sha256Hex(""), kEmptyHash);
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

}  // namespace
}  // namespace insightd::blob::s3
