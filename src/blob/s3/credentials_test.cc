#include "blob/s3/credentials.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <fstream>

#include "base/testing/temp_folder.h"

namespace insightd::blob::s3 {
namespace {

class CredentialsTest : public ::testing::Test {
 protected:
  CredentialsTest() { Clear(); }
  ~CredentialsTest() override { Clear(); }
  static void Clear() {
    for (const char* name : {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"}) {
      unsetenv(name);
    }
  }
  std::string File(const std::string& name, const std::string& text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  const insightd::testing::TempFolder folder_;
  S3BlobOptions options_;
};

TEST_F(CredentialsTest, AFileGoesBeforeAValueAndAValueBeforeTheEnvironment) {
  setenv("AWS_ACCESS_KEY_ID", "key of the environment", 1);
  setenv("AWS_SECRET_ACCESS_KEY", "secret of the environment", 1);
  setenv("AWS_SESSION_TOKEN", "token of the environment", 1);
  Credentials of_environment(options_);
  ASSERT_TRUE(of_environment.Load());
  EXPECT_EQ(of_environment.keys().access_key, "key of the environment");
  EXPECT_EQ(of_environment.keys().session_token, "token of the environment");

  options_.access_key = "key";
  options_.secret_key = "passed over";
  options_.secret_key_file = File("secret", " secret of a file\n");
  Credentials credentials(options_);
  ASSERT_TRUE(credentials.Load());
  EXPECT_EQ(credentials.keys().access_key, "key");
  EXPECT_EQ(credentials.keys().secret_key, "secret of a file");
  EXPECT_EQ(credentials.keys().session_token, "") << "it belongs to other keys";
}

TEST_F(CredentialsTest, NamesTheSettingOfAKeyThatIsMissing) {
  Result<void> loaded = Credentials(options_).Load();
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message().find("blob.s3_access_key"), std::string::npos);
  options_.access_key = "key";
  loaded = Credentials(options_).Load();
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message().find("AWS_SECRET_ACCESS_KEY"), std::string::npos);
}

TEST_F(CredentialsTest, ShowsNoKeyThatCannotBeOne) {
  options_.access_key = "key";
  options_.secret_key_file = File("secret", "two\nlines");
  const Result<void> loaded = Credentials(options_).Load();
  ASSERT_FALSE(loaded);
  EXPECT_NE(loaded.error().message().find("blob.s3_secret_key has more than one line"),
            std::string::npos);
}

TEST_F(CredentialsTest, ReloadTellsWhetherThereIsSomethingNew) {
  options_.access_key = "key";
  options_.secret_key_file = File("secret", "one");
  Credentials credentials(options_);
  ASSERT_TRUE(credentials.Load());
  EXPECT_FALSE(credentials.Reload());
  File("secret", "two");
  EXPECT_TRUE(credentials.Reload());
  EXPECT_EQ(credentials.keys().secret_key, "two");
  File("secret", "");
  EXPECT_FALSE(credentials.Reload());
  EXPECT_EQ(credentials.keys().secret_key, "two") << "what was good stays";
}

}  // namespace
}  // namespace insightd::blob::s3
