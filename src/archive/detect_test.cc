#include "archive/detect.h"

#include <gtest/gtest.h>

#include <string>

#include "archive/pack.h"
#include "archive/testing/tar.h"

namespace insightd::archive {
namespace {

TEST(LooksLikeArchiveTest, TellsGzipByTwoBytes) {
  EXPECT_EQ(LooksLikeArchive(Gzip("x")), Form::kGzip);
  EXPECT_EQ(LooksLikeArchive("\x1f\x8b"), Form::kGzip);
  EXPECT_EQ(LooksLikeArchive("\x1f"), Form::kNeither);
}

TEST(LooksLikeArchiveTest, TellsTarByAWholeHeader) {
  const std::string tar = testing::Tar({{"config/id", "42"}});
  EXPECT_EQ(LooksLikeArchive(tar), Form::kTar);
  EXPECT_EQ(LooksLikeArchive(std::string_view(tar).substr(0, kDetectBytes)), Form::kTar);
  EXPECT_EQ(LooksLikeArchive(std::string_view(tar).substr(0, kDetectBytes - 1)), Form::kNeither);
}

TEST(LooksLikeArchiveTest, TakesNothingElse) {
  EXPECT_EQ(LooksLikeArchive(""), Form::kNeither);
  EXPECT_EQ(LooksLikeArchive(std::string(1024, '\0')), Form::kNeither);
  EXPECT_EQ(LooksLikeArchive(std::string(1024, 'x')), Form::kNeither);
  EXPECT_EQ(LooksLikeArchive("PK\x03\x04" + std::string(1024, '\0')), Form::kNeither);
  testing::TarBuilder damaged;
  damaged.Add({.name = "a", .bad_checksum = true});
  EXPECT_EQ(LooksLikeArchive(damaged.End()), Form::kNeither);
}

}  // namespace
}  // namespace insightd::archive
