#include "blob/s3/address.h"

#include <gtest/gtest.h>

namespace insightd::blob::s3 {
namespace {

Address Made(std::string_view endpoint, std::string_view prefix = "", bool path_style = true) {
  auto address = MakeAddress(endpoint, "archives", prefix, path_style);
  INSIGHTD_ASSERT(address);
  return *std::move(address);
}

TEST(AddressTest, NamesObjectsInBothStyles) {
  EXPECT_EQ(Made("http://127.0.0.1:9000").UrlOf("a/b-c"), "http://127.0.0.1:9000/archives/a/b-c");
  EXPECT_EQ(Made("https://S3.Example.com:443/", "up/", false).UrlOf("k"),
            "https://archives.s3.example.com/up/k");
  EXPECT_EQ(Made("https://s3.example.com").UrlOf(""), "https://s3.example.com/archives");
  EXPECT_EQ(Made("https://s3.example.com", "", false).UrlOf(""),
            "https://archives.s3.example.com/");
}

TEST(AddressTest, KnowsItsOwnUrlsHoweverTheyWereSigned) {
  const Address address = Made("https://s3.example.com", "up/");
  for (const char* url :
       {"https://s3.example.com/archives/up/0123?X-Amz-Signature=1",
        "https://s3.example.com:443/archives/up/0123", "HTTPS://S3.example.com/archives/up%2F0123",
        "https://archives.s3.example.com/up/0123#x"}) {
    EXPECT_EQ(address.KeyOf(url), "0123") << url;
  }
}

TEST(AddressTest, KnowsNoUrlOfAnother) {
  const Address address = Made("https://s3.example.com", "up/");
  for (const char* url :
       {"", "blob:0123", "http://s3.example.com/archives/up/0123",
        "https://s3.example.com:9000/archives/up/0123", "https://s3.example.com/archives/0123",
        "https://s3.example.com/other/up/0123", "https://s3.example.com/archives/up/",
        "https://s3.example.com/archives/up/../0123", "https://s3.example.com/archives/up/a%2",
        "https://s3.example.com/archives/up/a%zz", "https://me@s3.example.com/archives/up/0123",
        "https://evil.com#.s3.example.com/archives/up/0123",
        "https://other.s3.example.com/up/0123"}) {
    EXPECT_FALSE(address.KeyOf(url)) << url;
  }
}

TEST(AddressTest, RefusesSettingsThatCannotBeAndNamesThem) {
  const auto message = [](std::string_view endpoint, std::string_view bucket,
                          std::string_view prefix) {
    const auto address = MakeAddress(endpoint, bucket, prefix, true);
    EXPECT_FALSE(address);
    return address ? "" : address.error().message();
  };
  for (const char* endpoint : {"", "s3.example.com", "ftp://h", "http://", "http://h/path",
                               "http://me:secret@h", "http://h?x", "http://h h"}) {
    const std::string text = message(endpoint, "archives", "");
    EXPECT_TRUE(text.starts_with("blob.s3_endpoint")) << text;
    EXPECT_EQ(text.find("secret"), std::string::npos);
  }
  for (const char* bucket : {"", "ab", "a/b/c", "a b c"}) {
    EXPECT_TRUE(message("http://h", bucket, "").starts_with("blob.s3_bucket"));
  }
  for (const char* prefix : {"/", "../", "a//", "a b/"}) {
    EXPECT_TRUE(message("http://h", "archives", prefix).starts_with("blob.s3_prefix"));
  }
}

}  // namespace
}  // namespace insightd::blob::s3
