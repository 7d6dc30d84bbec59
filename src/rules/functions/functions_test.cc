#include "rules/functions/functions.h"

#include <gtest/gtest.h>

#include "rules/testing/packs.h"

namespace insightd::rules {
namespace {

using testing::Evaluated;

TEST(GetTest, FollowsMembersAndIndexes) {
  EXPECT_EQ(Evaluated("get(x, 'a.b')", "{\"a\":{\"b\":1}}"), "1");
  EXPECT_EQ(Evaluated("get(x, 'h.0.s')", "{\"h\":[{\"s\":\"v\"}]}"), "\"v\"");
  EXPECT_EQ(Evaluated("get(x, 'h.0.s')", "{\"h\":{\"0\":{\"s\":\"v\"}}}"), "\"v\"");
  EXPECT_EQ(Evaluated("get(x, ['a', 'b.c/d'], '')", "{\"a\":{\"b.c/d\":2}}"), "2");
  EXPECT_EQ(Evaluated("get(x, ['a', 1])", "{\"a\":[5,6]}"), "6");
  EXPECT_EQ(Evaluated("get(x, [])", "{\"a\":1}"), "{\"a\":1}");
  EXPECT_EQ(Evaluated("get(x, [get(x, 'k')], 0)", "{\"k\":\"z\",\"z\":9}"), "9");
  EXPECT_EQ(Evaluated("get({'a': [1, 2]}, 'a.1')"), "2");
}

TEST(GetTest, MissingAndNullGiveTheDefault) {
  EXPECT_EQ(Evaluated("get(x, 'a.b')", "{\"a\":{}}"), "null");
  EXPECT_EQ(Evaluated("get(x, 'a.b', 7)", "{\"a\":null}"), "7");
  EXPECT_EQ(Evaluated("get(x, 'a.b', 7)", "{\"a\":{\"b\":null}}"), "7");
  EXPECT_EQ(Evaluated("get(x, 'a.b', 7)", "{\"a\":\"text\"}"), "7");
  EXPECT_EQ(Evaluated("get(x, 'a.2', 7)", "{\"a\":[1,2]}"), "7");
  EXPECT_EQ(Evaluated("get(x, 'a.-1', 7)", "{\"a\":[1,2]}"), "7");
  EXPECT_EQ(Evaluated("get(x, 'a.b', 7)", "null"), "7");
  EXPECT_EQ(Evaluated("get(x, 5, 7)", "{}"), "7");
  EXPECT_EQ(Evaluated("get(x, [null], 7)", "{}"), "7");
  EXPECT_EQ(Evaluated("get(x, '', 7)", "{\"a\":1}"), "7");
  EXPECT_EQ(Evaluated("get(x, [], 7)", "null"), "7");
}

TEST(GetTest, OfTwoMembersWithOneNameTheLastCounts) {
  EXPECT_EQ(Evaluated("get(x, 'a')", "{\"a\":1,\"a\":2}"), "2");
}

constexpr std::string_view kConditions =
    "{\"status\":{\"conditions\":[1,{\"type\":\"A\",\"status\":\"True\",\"reason\":\"R\","
    "\"message\":null,\"lastTransitionTime\":\"T\",\"extra\":1},{\"type\":\"A\"},"
    "{\"type\":\"B\",\"status\":\"Unknown\",\"reason\":\"r\"},"
    "{\"type\":\"C\",\"status\":\"False\",\"lastTransitionTime\":\"\"}]}}";

TEST(ConditionTest, GivesTheFirstOfItsTypeWithExactlyFiveTexts) {
  EXPECT_EQ(Evaluated("condition(x, 'A')", kConditions),
            "{\"type\":\"A\",\"status\":\"True\",\"reason\":\"R\",\"message\":\"\","
            "\"lastTransitionTime\":\"T\"}");
  EXPECT_EQ(
      Evaluated("condition(x, 'A').status == 'True' && size(condition(x, 'A')) == 5", kConditions),
      "true");
}

TEST(ConditionTest, AnAbsentOneIsFiveEmptyTexts) {
  const std::string empty =
      "{\"type\":\"\",\"status\":\"\",\"reason\":\"\",\"message\":\"\","
      "\"lastTransitionTime\":\"\"}";
  EXPECT_EQ(Evaluated("condition(x, 'Z')", kConditions), empty);
  EXPECT_EQ(Evaluated("condition(x, 'A')", "null"), empty);
  EXPECT_EQ(Evaluated("condition(x, 'A')", "{\"status\":{\"conditions\":{}}}"), empty);
  EXPECT_EQ(Evaluated("condition(x, x)", kConditions), empty);
}

TEST(ConditionTest, ReadsWhatRulesMakeThemselves) {
  EXPECT_EQ(Evaluated("condition({'status': {'conditions': [{'type': 'A', 'status': 'S'}]}}, 'A')"
                      ".status"),
            "\"S\"");
}

TEST(BriefTest, HasTheStatusAsTrueFalseOrNull) {
  EXPECT_EQ(Evaluated("brief(x, 'A')", kConditions),
            "{\"status\":true,\"last_trans_time\":\"T\",\"reason\":\"R\",\"message\":\"\"}");
  EXPECT_EQ(Evaluated("brief(x, 'B')", kConditions),
            "{\"status\":null,\"last_trans_time\":null,\"reason\":\"r\",\"message\":\"\"}");
  EXPECT_EQ(Evaluated("brief(x, 'C')", kConditions),
            "{\"status\":false,\"last_trans_time\":\"\",\"reason\":\"\",\"message\":\"\"}");
  EXPECT_EQ(Evaluated("brief(x, 'Z')", kConditions),
            "{\"status\":null,\"last_trans_time\":null,\"reason\":\"\",\"message\":\"\"}");
}

TEST(BriefTest, TellsAnEmptyTimeFromNone) {
  const auto time = [](std::string_view member) {
    return Evaluated("brief({'status': {'conditions': [{'type': 'A'" + std::string(member) +
                     "}]}}, 'A').last_trans_time");
  };
  EXPECT_EQ(time(", 'lastTransitionTime': ''"), "\"\"");
  EXPECT_EQ(time(", 'lastTransitionTime': null"), "null");
  EXPECT_EQ(time(""), "null");
}

TEST(TimesTest, SinceAndUntilReadRfc3339) {
  EXPECT_EQ(Evaluated("since('2026-02-28T23:00:00Z', now) == duration('1h')"), "true");
  EXPECT_EQ(Evaluated("since('2026-03-01T01:00:00+02:00', now) == duration('1h')"), "true");
  EXPECT_EQ(Evaluated("since('2026-02-28T23:59:59.250Z', now) == duration('750ms')"), "true");
  EXPECT_EQ(Evaluated("since(now, now) == duration('0s')"), "true");
  EXPECT_EQ(Evaluated("until('2026-03-01T00:00:01Z', now) == duration('1s')"), "true");
  EXPECT_EQ(Evaluated("until('2026-02-28T23:59:59.5Z', now) == duration('-500ms')"), "true");
}

TEST(TimesTest, WhatCannotBeReadIsNeitherOldNorExpiring) {
  for (const std::string_view bad :
       {"''", "'soon'", "x", "5", "'2026-02-30T00:00:00Z'", "'2026-02-28T23:00:00'",
        "'2026-02-28 23:00:00Z'", "'2026-02-28T24:00:00Z'", "'2026-02-28T23:00:00.Z'",
        "'2026-02-28T23:00:00+0200'", "'2026-02-28T23:00:00Zx'", "'2026-2-28T23:00:00Z'"}) {
    EXPECT_EQ(Evaluated("since(" + std::string(bad) + ", now) == duration('0s')"), "true") << bad;
    EXPECT_EQ(Evaluated("until(" + std::string(bad) + ", now) == duration('876000h')"), "true")
        << bad;
  }
}

TEST(QuantityTest, ReadsSuffixesExponentsAndNumbers) {
  EXPECT_EQ(Evaluated("[quantity('500m'), quantity('16Gi'), quantity('8153256Ki'), "
                      "quantity('1e3'), quantity('1E'), quantity('1E3'), quantity('-1.5k')]"),
            "[0.5,17179869184.0,8348934144.0,1000.0,1e+18,1000.0,-1500.0]");
  EXPECT_EQ(Evaluated("[quantity(4), quantity(1.5), quantity(2u), quantity('7910m'), "
                      "quantity('.5'), quantity('5.'), quantity('+3')]"),
            "[4.0,1.5,2.0,7.91,0.5,5.0,3.0]");
}

TEST(QuantityTest, IsRoundedOnce) {
  // Each differs from the product or the quotient of two rounded numbers.
  EXPECT_EQ(Evaluated("quantity('4.35k') == 4350.0 && quantity('0.07G') == 7e7 && "
                      "quantity('1.1u') == 1.1e-6 && quantity('16777216.1n') == 0.0167772161 && "
                      "quantity('8.41E') == 8.41e18 && quantity('9007199254740993m') == "
                      "9007199254740.993 && quantity('1.Mi') == 1048576.0"),
            "true");
  EXPECT_EQ(Evaluated("[quantity('1e400'), quantity('1e308k'), quantity('9e307Ki'), "
                      "quantity('++1'), quantity('+-1'), quantity('-1k')]"),
            "[0.0,0.0,0.0,0.0,0.0,-1000.0]");
  EXPECT_EQ(Evaluated("quantity('1" + std::string(308, '0') + "Ki')"), "0.0");
}

TEST(QuantityTest, UnreadableIsZero) {
  for (const std::string_view bad : {"''", "'x'", "'1 Gi'", "'1gi'", "'1e'", "'1e3Ki'", "null",
                                     "[1]", "true", "'.'", "'-'", "'1Gi '"}) {
    EXPECT_EQ(Evaluated("quantity(" + std::string(bad) + ")"), "0.0") << bad;
  }
}

TEST(SemverFunctionsTest, AreTotal) {
  EXPECT_EQ(Evaluated("semver_match('4.2.3', '>=4.1.0 <4.2.14 || >=4.3.0')"), "true");
  EXPECT_EQ(Evaluated("semver_match('x', '>=4.1.0')"), "false");
  EXPECT_EQ(Evaluated("semver_match('4.1', x)"), "false");
  EXPECT_EQ(Evaluated("semver_match('4.1', x)", "\">=x\""), "false");
  EXPECT_EQ(Evaluated("[semver_cmp('4.9', '4.10'), semver_cmp('1', '1.0.0'), semver_cmp('', '1')]"),
            "[-1,0,0]");
  EXPECT_EQ(Evaluated("[semver_major('v1.25.9+ab'), semver_minor('4.17.0-rc.0'), "
                      "semver_minor('4'), semver_major(x), semver_minor('4.x')]"),
            "[1,17,0,-1,-1]");
}

TEST(SemverFunctionsTest, ALiteralRangeThatCannotBeReadDoesNotCompile) {
  EXPECT_EQ(Evaluated("semver_match('4.2.3', '>=4.x')"),
            "no program: range \">=4.x\": \"4.x\" is no version; a range is such as >=4.14 <4.18");
}

constexpr std::string_view kList =
    "[{\"n\":\"a\",\"v\":1},{\"n\":\"b\",\"v\":2},{\"n\":\"a\",\"v\":3},{\"v\":4},{\"n\":7}, 5]";

TEST(ListsTest, IndexByKeepsTheFirstOfEachKey) {
  EXPECT_EQ(Evaluated("index_by(x, 'n')", kList),
            "{\"a\":{\"n\":\"a\",\"v\":1},\"b\":{\"n\":\"b\",\"v\":2},\"7\":{\"n\":7}}");
  EXPECT_EQ(Evaluated("index_by(x, 'n')", "{}"), "{}");
}

TEST(ListsTest, GroupByKeepsAllInTheirOrder) {
  EXPECT_EQ(Evaluated("group_by(x, 'n')", kList),
            "{\"a\":[{\"n\":\"a\",\"v\":1},{\"n\":\"a\",\"v\":3}],\"b\":[{\"n\":\"b\",\"v\":2}],"
            "\"7\":[{\"n\":7}]}");
  EXPECT_EQ(Evaluated("group_by(x, ['n'])['b'][0].v", kList), "2");
  EXPECT_EQ(Evaluated("group_by(x, 'n')", "null"), "{}");
}

TEST(ListsTest, SumAndPowersOfTwo) {
  EXPECT_EQ(Evaluated("[sum([1, 2]), sum([1.5, 1u, 'x']), sum([]), sum(x)]"), "[3.0,2.5,0.0,0.0]");
  EXPECT_EQ(Evaluated("[pow2(0), pow2(62), pow2(63), pow2(-1), pow2('3')]"),
            "[1,4611686018427387904,0,0,0]");
}

TEST(CidrTest, ComparesRangesOfOneFamily) {
  EXPECT_EQ(Evaluated("[cidr_overlaps('10.0.0.0/14', '10.3.0.0/16'), "
                      "cidr_overlaps('10.0.0.0/14', '10.4.0.0/16'), "
                      "cidr_overlaps('0.0.0.0/0', '::/0'), "
                      "cidr_overlaps('fd01::/48', 'fd01:0:0:1::/64'), "
                      "cidr_overlaps('10.0.0.1', '10.0.0.0/8'), cidr_overlaps(x, x)]"),
            "[true,false,false,true,false,false]");
  EXPECT_EQ(Evaluated("[cidr_contains('10.0.0.0/9', '10.127.0.1'), "
                      "cidr_contains('10.0.0.0/9', '10.128.0.1'), "
                      "cidr_contains('fd01::/48', 'fd01::1'), cidr_contains('10.0.0.0/8', 'x')]"),
            "[true,false,true,false]");
  EXPECT_EQ(Evaluated("[cidr_prefix('10.0.0.0/23'), cidr_prefix('::/128'), "
                      "cidr_prefix('10.0.0.0/33'), cidr_prefix('10.0.0.0'), cidr_prefix(5), "
                      "cidr_prefix('10.0.0.0/-1')]"),
            "[23,128,-1,-1,-1,-1]");
}

TEST(CidrTest, APrefixWithALeadingZeroIsUnreadable) {
  EXPECT_EQ(Evaluated("[cidr_prefix('10.0.0.0/08'), cidr_prefix('0.0.0.0/00'), "
                      "cidr_prefix('0.0.0.0/0'), cidr_prefix('::/064')]"),
            "[-1,-1,0,-1]");
  EXPECT_EQ(Evaluated("[cidr_overlaps('10.0.0.0/08', '10.0.0.0/8'), "
                      "cidr_contains('10.0.0.0/08', '10.0.0.1')]"),
            "[false,false]");
}

TEST(ParseJsonTest, ReadsTextAndIsNullOtherwise) {
  EXPECT_EQ(Evaluated("parse_json('{\"a\": [1, 2.0, null]}').a"), "[1,2.0,null]");
  EXPECT_EQ(Evaluated("[parse_json('{'), parse_json(5), parse_json('')]"), "[null,null,null]");
}

TEST(GrepTest, ReadsObjectsThatRulesMakeThemselves) {
  EXPECT_EQ(Evaluated("grep([{'_path': 'p', 'lines': ['ab', 'b', 'xb']}, 5], '^.b')"),
            "[{\"path\":\"p\",\"number\":1,\"line\":\"ab\"},"
            "{\"path\":\"p\",\"number\":3,\"line\":\"xb\"}]");
  EXPECT_EQ(Evaluated("[grep(x, 'a'), grep([], 5), grep([x], x)]"), "[[],[],[]]");
}

TEST(GrepTest, ALiteralThatIsNoRegularExpressionDoesNotCompile) {
  EXPECT_EQ(Evaluated("grep([], '(')").substr(0, 10), "no program");
}

}  // namespace
}  // namespace insightd::rules
