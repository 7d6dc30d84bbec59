#include "pipeline/copy/key_pattern.h"

#include <gtest/gtest.h>

namespace insightd::pipeline {
namespace {

const KeyNames kNames = {{"cluster_id", "aabbccdd"},
                         {"year", "2026"},
                         {"month", "08"},
                         {"time", "031044"},
                         {"empty", ""}};

std::string Key(std::string_view pattern) {
  const Result<std::string> key = MakeKey(pattern, kNames);
  return key ? *key : "refused: " + key.error().message();
}

TEST(KeyPattern, PutsValuesInThePlaceOfNames) {
  EXPECT_EQ(Key("$cluster_id[:2]/$cluster_id/$year$month/$time.tar.gz"),
            "aa/aabbccdd/202608/031044.tar.gz");
  EXPECT_EQ(Key("${year}_${month}x"), "2026_08x");
  EXPECT_EQ(Key("plain"), "plain");
  EXPECT_EQ(Key(""), "");
}

TEST(KeyPattern, TakesCharactersAsPythonDoes) {
  EXPECT_EQ(Key("$cluster_id[0]"), "a");
  EXPECT_EQ(Key("$cluster_id[-1]"), "d");
  EXPECT_EQ(Key("$cluster_id[2:4]"), "bb");
  EXPECT_EQ(Key("$cluster_id[-4:-2]"), "cc");
  EXPECT_EQ(Key("${cluster_id}[6:]"), "dd");
  EXPECT_EQ(Key("$cluster_id[4:2]|$cluster_id[99]|$cluster_id[:99]|$empty[0]"), "||aabbccdd|");
  EXPECT_EQ(Key("$cluster_id[-99:2]"), "aa");
}

TEST(KeyPattern, LeavesWhatIsNoNameOrNoSlice) {
  EXPECT_EQ(Key("$/a$"), "$/a$");
  EXPECT_EQ(Key("${year"), "${year");
  EXPECT_EQ(Key("$month[x]"), "08[x]");
  EXPECT_EQ(Key("$month[1"), "08[1");
}

TEST(KeyPattern, RefusesANameThatIsNotThere) {
  EXPECT_EQ(Key("$org/x"),
            "refused: \"$org/x\": there is no $org; there are $cluster_id, $empty, $month, $time, "
            "$year");
}

}  // namespace
}  // namespace insightd::pipeline
