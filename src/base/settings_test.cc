#include "base/settings.h"

#include <gtest/gtest.h>

namespace insightd::settings {
namespace {

struct Sample {
  std::string data_dir = "/var/lib/insightd";
  std::uint64_t body_bytes_max = 100;
  bool verify = true;
  double share = 0.5;
  std::string level = "info";
  std::vector<std::string> proxies;
  std::string password;
  int late = 1;
  Table table;

  Sample() {
    table.Add("data_dir", &data_dir, {}, "Where everything is kept.");
    table.Add("ingress.body_bytes_max", &body_bytes_max, {.min = 10, .max = 1000},
              "Largest upload.");
    table.Add("ingress.verify", &verify, {}, "Whether to check.");
    table.Add("ingress.share", &share, {.min = 0, .max = 1}, "A share.");
    table.Add("log.level", &level, {.choices = {"debug", "info"}}, "How much is said.");
    table.Add("identity.proxies", &proxies, {}, "Who is trusted.");
    table.Add("ingress.late", &late, {}, "A row of an earlier section.");
    table.Add("store.password", &password, {.secret = true}, "A secret.");
  }
};

TEST(SettingsTest, TheFileOverridesTheDefaultAndTheEnvironmentTheFile) {
  Sample s;
  const auto mistakes = s.table.Load("a.toml",
                                     "data_dir = '/d'\n[ingress]\nbody_bytes_max = 200\n"
                                     "share = 1\n[identity]\nproxies = ['10.0.0.1']\n",
                                     {{"INSIGHTD__INGRESS__BODY_BYTES_MAX", "300"},
                                      {"INSIGHTD__INGRESS__VERIFY", "false"},
                                      {"INSIGHTD__IDENTITY__PROXIES", "a, b"}});
  EXPECT_TRUE(mistakes.empty()) << mistakes[0];
  EXPECT_EQ(s.data_dir, "/d");
  EXPECT_EQ(s.body_bytes_max, 300u);
  EXPECT_FALSE(s.verify);
  EXPECT_EQ(s.share, 1.0);
  EXPECT_EQ(s.proxies, (std::vector<std::string>{"a", "b"}));
}

TEST(SettingsTest, AMistakeNamesFileLineAndTheNearestKey) {
  Sample s;
  const auto mistakes = s.table.Load("a.toml", "[ingress]\nbody_byte_max = 5\n", {});
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_EQ(mistakes[0],
            "a.toml:2:1: unknown setting 'ingress.body_byte_max', did you mean "
            "'ingress.body_bytes_max'?; `insightd config print` lists all");
}

TEST(SettingsTest, ADurationIsAHundredYearsAtMost) {
  std::int64_t kept_s = 1;
  Table table;
  table.Add("a.kept_s", &kept_s, {.min = 0}, "How long.");
  EXPECT_TRUE(table.Load("a.toml", "[a]\nkept_s = 3153600000\n", {}).empty());
  EXPECT_EQ(table.Load("a.toml", "[a]\nkept_s = 9223372036854775807\n", {}).size(), 1u);
  EXPECT_EQ(kept_s, 3'153'600'000);
}

TEST(SettingsTest, ZeroMayStandBelowTheLeastValue) {
  std::uint64_t bytes_max = 1'000;
  Table table;
  table.Add("a.bytes_max", &bytes_max, {.min = 100, .or_zero = true}, "How many; 0: all.");
  EXPECT_EQ(table.Load("a.toml", "[a]\nbytes_max = 1\n", {}).size(), 1u);
  EXPECT_EQ(bytes_max, 1'000u);
  EXPECT_TRUE(table.Load("a.toml", "[a]\nbytes_max = 0\n", {}).empty());
  EXPECT_EQ(bytes_max, 0u);
}

TEST(SettingsTest, AMistakeNamesTheLimitThatHolds) {
  Sample s;
  const auto mistakes = s.table.Load("a.toml", "[ingress]\nbody_bytes_max = -1\n",
                                     {{"INSIGHTD__IDENTITY__PROXIES", "['a']"}});
  ASSERT_EQ(mistakes.size(), 2u);
  EXPECT_NE(mistakes[0].find("-1 is below the least value 10"), std::string::npos) << mistakes[0];
  EXPECT_NE(mistakes[1].find("commas between"), std::string::npos) << mistakes[1];
}

TEST(SettingsTest, PrintsNoSecretsThatStandElsewhereEither) {
  Sample s;
  s.data_dir = "https://me:hidden@host/a@b";
  s.password = "hidden";
  s.proxies = {"sasl.password=hidden", "redis://:hidden@host", "client.id=a@b"};
  const std::string printed = s.table.Print();
  EXPECT_EQ(printed.find("hidden"), printed.npos) << printed;
  EXPECT_NE(printed.find("https://(secret)@host/a@b"), printed.npos) << printed;
  EXPECT_NE(printed.find("client.id=a@b"), printed.npos) << printed;
}

TEST(SettingsTest, EveryMistakeIsReported) {
  Sample s;
  const auto mistakes = s.table.Load(
      "a.toml",
      "[ingress]\nbody_bytes_max = 5\nverify = 'yes'\nshare = -1.0\n[log]\nlevel = 'loud'\n",
      {{"INSIGHTD__INGRES__VERIFY", "true"}, {"INSIGHTD__INGRESS__SHARE", "much"}});
  EXPECT_EQ(mistakes.size(), 6u);
  EXPECT_EQ(s.body_bytes_max, 100u) << "a refused value changes nothing";
}

TEST(SettingsTest, TextThatIsNoTomlNamesThePlace) {
  Sample s;
  const auto mistakes = s.table.Load("a.toml", "[ingress\n", {});
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_EQ(mistakes[0].find("a.toml:1:"), 0u) << mistakes[0];
}

TEST(SettingsTest, AControlCharacterIsRefusedWithItsLine) {
  Sample s;
  const auto mistakes = s.table.Load("a.toml", std::string_view("# x\n[\2a]\n"), {});
  ASSERT_EQ(mistakes.size(), 1u);
  EXPECT_EQ(mistakes[0], "a.toml:2: the control character 0x02, which TOML does not allow");
}

TEST(SettingsTest, ASectionWithoutANameIsAMistake) {
  Sample s;
  for (const char* text : {"[=x]\n", "[ = ['a', 'b", "[[]]", "[a.]", "[.a]\n", "= 1\n", "a. = 1"}) {
    EXPECT_EQ(s.table.Load("a.toml", text, {}).size(), 1u) << text;
  }
}

TEST(SettingsTest, WhatIsPrintedLoadsAgainAndShowsNoSecret) {
  Sample s;
  s.password = "hunter2";
  s.data_dir = "a\"b\\c";
  const std::string printed = s.table.Print();
  EXPECT_EQ(printed.find("hunter2"), std::string::npos);
  Sample again;
  EXPECT_TRUE(again.table.Load("p.toml", printed, {}).empty());
  EXPECT_EQ(again.data_dir, "a\"b\\c");
}

}  // namespace
}  // namespace insightd::settings
