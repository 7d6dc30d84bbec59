#include "blob/s3/settings.h"

#include <gtest/gtest.h>

namespace insightd::blob {
namespace {

TEST(S3SettingsTest, BecomeTheOptionsOfTheStore) {
  S3Settings settings;
  settings::Table table;
  settings.AddTo(table);
  const auto mistakes = table.Load("f.toml", R"([blob]
s3_endpoint = "https://s3.example.com"
s3_bucket = "archives"
s3_style = "virtual"
s3_secret_key = "secret"
s3_retry_ms_max = 7
)",
                                   {{"INSIGHTD__BLOB__S3_ACCESS_KEY", "key"}});
  ASSERT_TRUE(mistakes.empty()) << mistakes.front();
  const S3BlobOptions options = settings.Options();
  EXPECT_EQ(options.endpoint, "https://s3.example.com");
  EXPECT_EQ(options.bucket, "archives");
  EXPECT_FALSE(options.path_style);
  EXPECT_EQ(options.access_key, "key");
  EXPECT_EQ(options.retry_time_max, milliseconds(7));
  EXPECT_EQ(table.Print().find("\"secret\""), std::string::npos);
}

TEST(S3SettingsTest, AreThoseOfTheStoreByDefault) {
  const S3BlobOptions options = S3Settings().Options();
  const S3BlobOptions expected;
  EXPECT_EQ(options.region, expected.region);
  EXPECT_EQ(options.path_style, expected.path_style);
  EXPECT_EQ(options.if_none_match, expected.if_none_match);
  EXPECT_EQ(options.part_bytes, expected.part_bytes);
  EXPECT_EQ(options.upload_bytes_max, expected.upload_bytes_max);
  EXPECT_EQ(options.connections_max, expected.connections_max);
  EXPECT_EQ(options.connect_time_max, expected.connect_time_max);
  EXPECT_EQ(options.slow_time_max, expected.slow_time_max);
  EXPECT_EQ(options.retry_time_max, expected.retry_time_max);
}

}  // namespace
}  // namespace insightd::blob
