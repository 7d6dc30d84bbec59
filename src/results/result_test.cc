#include "results/result.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace insightd::results {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view kCluster = "f2511ded-26d0-4d13-9ff1-1764d4323426";

std::string Message(std::string_view report, std::string_view more = "") {
  return R"({"OrgID":1,"ClusterName":")" + std::string(kCluster) + R"(","Report":)" +
         std::string(report) + R"(,"LastChecked":"2025-10-10T15:21:19.482113Z","Version":2)" +
         std::string(more) + "}";
}

constexpr std::string_view kEmptyReport =
    R"({"system":{"metadata":{},"hostname":null},"reports":[],"fingerprints":[]})";

insightd::Result<Received> Parsed(std::string_view message) {
  json::Parser parser;
  return Parse(message, parser);
}

std::string Refusal(std::string_view message) {
  const insightd::Result<Received> result = Parsed(message);
  if (result) return "taken";
  EXPECT_EQ(result.error().code(), Code::kInvalid);
  return result.error().message();
}

Result Example() {
  Result result;
  result.org_id = 1;
  result.cluster = kCluster;
  result.last_checked = "2025-10-10T15:21:19.482113Z";
  result.request_id = "5f0c6d2f9b1e4a7c8d3e2f1a0b9c8d7e";
  result.gathering_time = "2025-10-10T15:21:18Z";
  Report& report = result.report;
  report.hits.push_back({"ccx_rules_ocp.external.rules.feature_set.report",
                         "feature_set|FEATURE_SET_PREVENTS_UPGRADE",
                         "FEATURE_SET_PREVENTS_UPGRADE",
                         R"({"featureSet":"TechPreviewNoUpgrade","custom":{}})",
                         {"service_availability", "configuration"},
                         "{}"});
  report.skips.push_back({"ccx_rules_ocp.external.rules.unused_machine_configs.report",
                          std::string(kReasonMissing), MissingText({"unusedmc"}, {})});
  report.infos.push_back({"ccx_rules_ocp.internal.rules.version_info.report",
                          "version_info|CLUSTER_VERSION_INFO",
                          "CLUSTER_VERSION_INFO",
                          R"({"version":"4.18.24","aborted_updates":0})",
                          {"service_availability"},
                          "{}"});
  report.started = *ParseTime("2025-10-10T15:21:20.012345Z");
  report.finished = *ParseTime("2025-10-10T15:21:20.017345Z");
  report.plugin_sets = {{"insights-core", "insightd-1.0.0"},
                        {"ccx_ocp_core", "insightd-1.0.0"},
                        {"ccx_rules_ocp", "base-1.0.0"}};
  return result;
}

TEST(ResultPrintTest, WritesTheMessageOfTheReference) {
  json::Parser parser;
  EXPECT_EQ(
      Print(Example(), parser),
      R"({"OrgID": 1, "ClusterName": "f2511ded-26d0-4d13-9ff1-1764d4323426", "Report": {)"
      R"("system": {"metadata": {}, "hostname": null}, )"
      R"("reports": [{"rule_id": "feature_set|FEATURE_SET_PREVENTS_UPGRADE", )"
      R"("component": "ccx_rules_ocp.external.rules.feature_set.report", )"
      R"("type": "rule", "key": "FEATURE_SET_PREVENTS_UPGRADE", )"
      R"("details": {"featureSet": "TechPreviewNoUpgrade", "custom": {}, "type": "rule", )"
      R"("error_key": "FEATURE_SET_PREVENTS_UPGRADE"}, )"
      R"("tags": ["service_availability", "configuration"], "links": {}}], )"
      R"("fingerprints": [], )"
      R"("skips": [{"rule_fqdn": "ccx_rules_ocp.external.rules.unused_machine_configs.report", )"
      R"("reason": "MISSING_REQUIREMENTS", "details": "All: ['unusedmc'] Any: ", "type": "skip"}], )"
      R"("info": [{"info_id": "version_info|CLUSTER_VERSION_INFO", )"
      R"("component": "ccx_rules_ocp.internal.rules.version_info.report", )"
      R"("type": "info", "key": "CLUSTER_VERSION_INFO", )"
      R"("details": {"version": "4.18.24", "aborted_updates": "0", "type": "info", )"
      R"("info_key": "CLUSTER_VERSION_INFO"}, "tags": ["service_availability"], "links": {}}], )"
      R"("analysis_metadata": {"start": "2025-10-10T15:21:20.012345+00:00", )"
      R"("finish": "2025-10-10T15:21:20.017345+00:00", )"
      R"("execution_context": "ccx_ocp_core.context.InsightsOperatorContext", )"
      R"("plugin_sets": {"insights-core": {"version": "insightd-1.0.0", "commit": null}, )"
      R"("ccx_ocp_core": {"version": "insightd-1.0.0", "commit": null}, )"
      R"("ccx_rules_ocp": {"version": "base-1.0.0", "commit": null}}}}, )"
      R"("LastChecked": "2025-10-10T15:21:19.482113Z", "Version": 2, )"
      R"("RequestId": "5f0c6d2f9b1e4a7c8d3e2f1a0b9c8d7e", )"
      R"("Metadata": {"gathering_time": "2025-10-10T15:21:18Z"}})"
      "\n");
}

TEST(ResultPrintTest, WritesAsciiAndListsPassesOnlyWhenGiven) {
  json::Parser parser;
  Result result = Example();
  result.report.hits[0].details = R"({"name":"é😀"})";
  result.request_id.clear();
  result.account_number = 7;
  EXPECT_THAT(Print(result, parser), HasSubstr(R"({"name": "\u00e9\ud83d\ude00", "type")"));
  EXPECT_THAT(Print(result, parser), HasSubstr(R"("RequestId": null, )"));
  EXPECT_THAT(Print(result, parser), HasSubstr(R"(, "AccountNumber": 7})"));
  EXPECT_THAT(Print(result, parser), Not(HasSubstr("\"pass\"")));
  result.report.passes.push_back({"c.report", "c|K", "K", "", {}, "{}"});
  EXPECT_THAT(Print(result, parser),
              HasSubstr(R"("pass": [{"pass_id": "c|K", "component": "c.report", "type": "pass", )"
                        R"("key": "K", "details": {"type": "pass", "pass_key": "K"})"));
}

TEST(ResultPrintTest, EvidenceIsAMemberOfOurOwnAndOnlyWhereThereIsSome) {
  json::Parser parser;
  Result result = Example();
  EXPECT_THAT(Print(result, parser), Not(HasSubstr("insightd_evidence")));
  result.report.hits[0].evidence = R"({"files":[{"path":"config/featuregate.json","places":[]}]})";
  EXPECT_THAT(Print(result, parser),
              HasSubstr(R"("links": {}, "insightd_evidence": {"files": [{"path": )"
                        R"("config/featuregate.json", "places": []}]}})"));
  const auto received = Parsed(Print(result, parser));
  ASSERT_TRUE(received) << received.error().message();
}

TEST(ResultParseTest, ReadsBackWhatPrintWrote) {
  json::Parser parser;
  const auto received = Parsed(Print(Example(), parser));
  ASSERT_TRUE(received) << received.error().message();
  EXPECT_EQ(received->org_id, 1);
  EXPECT_EQ(received->cluster, kCluster);
  EXPECT_EQ(received->request_id, "5f0c6d2f9b1e4a7c8d3e2f1a0b9c8d7e");
  EXPECT_EQ(FormatTime(received->last_checked), "2025-10-10T15:21:19.482113Z");
  EXPECT_EQ(FormatTimeSeconds(*received->gathered), "2025-10-10T15:21:18Z");
  EXPECT_EQ(received->cluster_version, "4.18.24");
  EXPECT_EQ(received->skips, 1);
  EXPECT_EQ(received->errors, 0);
  EXPECT_EQ(received->pack, "ccx_rules_ocp base-1.0.0");
  EXPECT_FALSE(received->empty);
  ASSERT_EQ(received->hits.size(), 1u);
  EXPECT_EQ(received->hits[0].component, "ccx_rules_ocp.external.rules.feature_set.report");
  EXPECT_EQ(received->hits[0].key, "FEATURE_SET_PREVENTS_UPGRADE");
  EXPECT_EQ(received->hits[0].details,
            R"({"featureSet":"TechPreviewNoUpgrade","custom":{},"type":"rule",)"
            R"("error_key":"FEATURE_SET_PREVENTS_UPGRADE"})");
  EXPECT_THAT(received->report, ::testing::StartsWith(R"({"analysis_metadata":{"start":)"));
}

TEST(ResultParseTest, SortsTheReportAndKeepsTheLastOfDoubledMembers) {
  const auto received = Parsed(
      Message(R"({"system":{}, "zz":1, "reports":[], "fingerprints":[], "zz":{"b":1,"a":2}})"));
  ASSERT_TRUE(received) << received.error().message();
  EXPECT_EQ(received->report, R"({"fingerprints":[],"reports":[],"system":{},"zz":{"b":1,"a":2}})");
}

TEST(ResultParseTest, RefusesInTheOrderAndWordsOfTheOriginal) {
  EXPECT_EQ(Refusal(""), "unexpected end of JSON input");
  EXPECT_THAT(Refusal("{"), HasSubstr("not JSON"));
  EXPECT_THAT(Refusal("7"), HasSubstr("cannot unmarshal number"));
  EXPECT_THAT(Refusal(R"({"OrgID":"1"})"), HasSubstr("cannot unmarshal string into field OrgID"));
  EXPECT_THAT(Refusal(R"({"OrgID":4294967296})"), HasSubstr("OrgID"));
  EXPECT_THAT(Refusal(R"({"OrgID":1,"Version":"2"})"), HasSubstr("Version"));
  EXPECT_THAT(Refusal(R"({"OrgID":1,"Metadata":{"gathering_time":"x"}})"),
              HasSubstr("gathering_time"));
  EXPECT_EQ(Refusal("{}"), "missing required attribute 'OrgID'");
  EXPECT_EQ(Refusal(R"({"OrgID":null})"), "missing required attribute 'OrgID'");
  EXPECT_EQ(Refusal(R"({"OrgID":0})"), "missing required attribute 'ClusterName'");
  EXPECT_EQ(Refusal(R"({"OrgID":1,"ClusterName":"x"})"), "missing required attribute 'Report'");
  EXPECT_EQ(Refusal(R"({"OrgID":1,"ClusterName":"x","Report":{}})"), "cluster name is not a UUID");
  EXPECT_EQ(Refusal(Message(R"({"reports":[1]})")),
            "improper report structure, missing key(s) with name '[fingerprints system]'");
  EXPECT_THAT(Refusal(Message(R"({"system":{},"reports":null,"fingerprints":[]})")),
              HasSubstr("reports"));
  EXPECT_THAT(Refusal(Message(R"({"system":{},"reports":[{"key":1}],"fingerprints":[]})")),
              HasSubstr("reports.key"));
  EXPECT_THAT(Refusal(Message(
                  R"({"system":{},"reports":[],"fingerprints":[],"info":[{"details":{"a":1}}]})")),
              HasSubstr("info.details.a"));
  EXPECT_THAT(Refusal(Message(R"({"system":{},"reports":[],"fingerprints":[],"pass":{}})")),
              HasSubstr("pass"));
}

TEST(ResultParseTest, SaysWhatIsWrongWithLastChecked) {
  const auto refusal = [](std::string_view time) {
    return Refusal(R"({"OrgID":1,"ClusterName":")" + std::string(kCluster) + R"(","Report":)" +
                   std::string(kEmptyReport) + R"(,"LastChecked":")" + std::string(time) + "\"}");
  };
  constexpr std::string_view kAs = "\" as \"2006-01-02T15:04:05.999999999Z07:00\": ";
  EXPECT_EQ(refusal(""), "parsing time \"" + std::string(kAs) + "cannot parse \"\" as \"2006\"");
  EXPECT_EQ(refusal("yesterday"), "parsing time \"yesterday" + std::string(kAs) +
                                      "cannot parse \"yesterday\" as \"2006\"");
  EXPECT_EQ(refusal("2020-01-23 16:15:59Z"), "parsing time \"2020-01-23 16:15:59Z" +
                                                 std::string(kAs) +
                                                 "cannot parse \" 16:15:59Z\" as \"T\"");
  EXPECT_EQ(refusal("2020-13-23T16:15:59Z"),
            "parsing time \"2020-13-23T16:15:59Z\": month out of range");
  EXPECT_EQ(refusal("2020-02-30T16:15:59Z"),
            "parsing time \"2020-02-30T16:15:59Z\": day out of range");
  EXPECT_EQ(
      refusal("2020-01-23T16:15:59"),
      "parsing time \"2020-01-23T16:15:59" + std::string(kAs) + "cannot parse \"\" as \"Z07:00\"");
  EXPECT_EQ(refusal("2020-01-23T16:15:59Zx"),
            "parsing time \"2020-01-23T16:15:59Zx\": extra text: \"x\"");
}

TEST(ResultParseTest, RoundsTimesToMicroseconds) {
  const auto fraction = [](std::string_view digits) {
    const auto received = Parsed(
        R"({"OrgID":1,"ClusterName":")" + std::string(kCluster) + R"(","Report":)" +
        std::string(kEmptyReport) + R"(,"LastChecked":"2020-01-23T23:59:59)" + std::string(digits) +
        R"(","Metadata":{"gathering_time":"2020-01-23T23:59:59)" + std::string(digits) + "\"}}");
    EXPECT_EQ(received->gathered, received->last_checked);
    return FormatTime(received.value().last_checked).substr(11);
  };
  EXPECT_EQ(fraction(".478901889Z"), "23:59:59.478902Z");
  EXPECT_EQ(fraction(".4789014Z"), "23:59:59.478901Z");
  EXPECT_EQ(fraction(".478901Z"), "23:59:59.478901Z");
  EXPECT_EQ(fraction(".4Z"), "23:59:59.400000Z");
  EXPECT_EQ(fraction(".1234-00:55"), "00:54:59.123400Z") << "these digits are of no fraction";
  EXPECT_EQ(fraction(".9999999Z").substr(0, 8), "00:00:00");
}

TEST(ResultParseTest, TellsAnEmptyReportFromABrokenOne) {
  EXPECT_TRUE(Parsed(Message("{}"))->empty);
  EXPECT_TRUE(Parsed(Message(R"({"reports":[],"analysis_metadata":{"a":1}})"))->empty);
  EXPECT_TRUE(Parsed(Message(R"({"system":{"hostname":"","metadata":{"a":1}}})"))->empty);
  EXPECT_TRUE(Parsed(Message(R"({"reports":null,"system":{"hostname":null}})"))->empty);
  EXPECT_FALSE(Parsed(Message(kEmptyReport))->empty);
  EXPECT_FALSE(Parsed(Message(R"({"system":{"hostname":"x"}})")));
  EXPECT_FALSE(Parsed(Message(R"({"reports":[],"more":0})")));
}

TEST(ResultParseTest, TakesNullAsNoInfosAndNamesInAnyCase) {
  EXPECT_TRUE(Parsed(Message(R"({"system":{},"reports":[],"fingerprints":[],"info":null})")));
  const auto received =
      Parsed(R"({"orgid":5,"CLUSTERNAME":")" + std::string(kCluster) + R"(","report":)" +
             std::string(kEmptyReport) + R"(,"lastchecked":"2025-10-10T15:21:19+02:00"})");
  ASSERT_TRUE(received) << received.error().message();
  EXPECT_EQ(received->org_id, 5);
  EXPECT_EQ(received->version, 0);
  EXPECT_EQ(FormatTimeSeconds(received->last_checked), "2025-10-10T13:21:19Z");
}

TEST(ResultParseTest, HalfOfASurrogatePairIsReadAsTheOriginalDoes) {
  const auto details = [](const std::string& text) {
    const auto received = Parsed(
        Message(R"({"system":{},"fingerprints":[],"reports":[{"details":")" + text + R"("}]})"));
    return received ? received->hits[0].details : received.error().message();
  };
  EXPECT_EQ(details(R"(a\ud800b)"), "\"a\uFFFDb\"");
  EXPECT_EQ(details(R"(\uDFFF)"), "\"\uFFFD\"");
  EXPECT_EQ(details(R"(\udc00\ud800)"), "\"\uFFFD\uFFFD\"") << "in the wrong order";
  EXPECT_EQ(details(R"(\ud83d\ud83d\ude00)"), "\"\uFFFD\U0001F600\"")
      << "the second one has its half";
  EXPECT_EQ(details(R"(\ud800\n\\ud800)"), "\"\uFFFD\\n\\\\ud800\"") << "an escaped backslash";
  EXPECT_EQ(details(R"(\ud800\u00e9)"), "\"\uFFFDé\"");
}

TEST(ResultParseTest, WithHalfOfASurrogatePairAllElseIsStillRefused) {
  const auto refusal = [](const std::string& text) {
    return Refusal(Message(R"({"system":{},"fingerprints":[],"reports":[{"details":"\ud800)" +
                           text + R"("}]})"));
  };
  for (const char* text :
       {R"(\ud8)", R"(\ud8zz)", R"(\ud80)", R"(\ud800\)", "\xff", R"(\x)", "\n"}) {
    EXPECT_THAT(refusal(text), HasSubstr("not JSON")) << text;
  }
}

TEST(ResultParseTest, TellsTheTracesOfAMessageWithHalfOfASurrogatePair) {
  json::Parser parser;
  EXPECT_EQ(TracesOf(R"({"OrgID":9,"RequestId":"r\ud800"})", parser).request_id, "r\uFFFD");
}

TEST(ResultParseTest, TakesWhateverIsThereAsTheNamesOfPacks) {
  const auto pack = [](const std::string& metadata) {
    const auto received = Parsed(Message(R"({"system":{},"reports":[],"fingerprints":[],"info":[],)"
                                         R"("analysis_metadata":)" +
                                         metadata + "}"));
    EXPECT_TRUE(received) << received.error().message();
    return received ? received->pack : std::string("?");
  };
  EXPECT_EQ(pack(R"({"plugin_sets":{"insights-core":{"version":"3"},"b":{"version":"b-2"},)"
                 R"("a":{"version":null},"c":7}})"),
            "b b-2, a, c");
  EXPECT_EQ(pack(R"({"plugin_sets":[1]})"), "");
  EXPECT_EQ(pack("[]"), "");
}

TEST(ResultParseTest, TellsWhatItCanOfABadMessage) {
  json::Parser parser;
  const Traces traces = TracesOf(R"({"OrgID":9,"RequestId":"r","ClusterName":"x"})", parser);
  EXPECT_EQ(traces.org_id, 9);
  EXPECT_EQ(traces.request_id, "r");
  EXPECT_EQ(TracesOf("?", parser).org_id, std::nullopt);
}

TEST(MissingTextTest, ListsAllAndEachGroup) {
  EXPECT_EQ(MissingText({"nodes"}, {{"alerts", "metrics"}}),
            "All: ['nodes'] Any: ['alerts', 'metrics']");
  EXPECT_EQ(MissingText({"a", "b"}, {}), "All: ['a', 'b'] Any: ");
  EXPECT_EQ(MissingText({}, {{"c"}, {"d", "e"}}), "All: [] Any: ['c'] Any: ['d', 'e']");
}

// ---- Real messages, good and bad ----

std::filesystem::path DataFolder() {
  const char* given = std::getenv("INSIGHTD_TEST_DATA");
  const std::filesystem::path data =
      given ? given : std::filesystem::path(INSIGHTD_SOURCE_DIR) / ".." / "shared" / "data";
  return data / "messages";
}

struct Tally {
  int taken = 0;
  int refused = 0;
  std::string reasons;
};

Tally TryAll(const std::string& name) {
  namespace fs = std::filesystem;
  const fs::path folder = fs::path(::testing::TempDir()) / ("insightd_messages_" + name);
  fs::remove_all(folder);
  fs::create_directories(folder);
  const std::string command = "tar -xzf '" + (DataFolder() / (name + ".tar.gz")).string() +
                              "' -C '" + folder.string() + "'";
  Tally tally;
  if (std::system(command.c_str()) != 0) return tally;
  json::Parser parser;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    const auto received = Parse(text.str(), parser);
    ++(received ? tally.taken : tally.refused);
    if (!received) tally.reasons += received.error().message() + "\n";
  }
  fs::remove_all(folder);
  return tally;
}

class RealMessagesTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(DataFolder())) {
      GTEST_SKIP() << "no sample messages in " << DataFolder();
    }
  }
};

TEST_F(RealMessagesTest, AreTakenWhereTheAggregatorTakesThem) {
  for (const auto& [name, count] :
       {std::pair{"normal", 19}, std::pair{"normal_for_notification_tests", 7},
        std::pair{"normal_no_version", 19}, std::pair{"normal_wrong_version", 19},
        std::pair{"invalid_no_account_number", 19}, std::pair{"invalid_no_version", 19},
        std::pair{"benchmarks_every_tenth", 500}}) {
    const Tally tally = TryAll(name);
    EXPECT_EQ(tally.taken, count) << name;
    EXPECT_EQ(tally.refused, 0) << name << ": " << tally.reasons;
  }
}

TEST_F(RealMessagesTest, AreRefusedWhereTheAggregatorRefusesThem) {
  for (const auto& [name, count, reason] :
       {std::tuple{"invalid", 100, "not JSON"},
        std::tuple{"invalid_no_cluster_name", 19, "missing required attribute 'ClusterName'"},
        std::tuple{"invalid_no_last_checked", 19, "cannot parse \"\" as \"2006\""},
        std::tuple{"invalid_no_organization_id", 19, "missing required attribute 'OrgID'"},
        std::tuple{"invalid_no_report", 19, "missing required attribute 'Report'"},
        std::tuple{"invalid_string_version", 19, "Version"},
        std::tuple{"invalid_wrong_cluster_name", 19, "cluster name is not a UUID"},
        std::tuple{"invalid_wrong_last_checked", 19, "parsing time"},
        std::tuple{"invalid_wrong_org_id", 19, "OrgID"}}) {
    const Tally tally = TryAll(name);
    EXPECT_EQ(tally.taken, 0) << name;
    EXPECT_EQ(tally.refused, count) << name;
    EXPECT_THAT(tally.reasons, HasSubstr(reason)) << name;
  }
}

TEST_F(RealMessagesTest, OfBrokenOnesThoseWithAllThatIsNeededAreTaken) {
  const Tally tally = TryAll("broken");
  EXPECT_EQ(tally.taken + tally.refused, 102);
  EXPECT_GE(tally.taken, 34) << tally.reasons;  // a surplus member does no harm
  EXPECT_GT(tally.refused, 0);
}

}  // namespace
}  // namespace insightd::results
