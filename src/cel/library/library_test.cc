// Every function with what it gives: expression on the left, JSON or error on the right.
#include "cel/library/library.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "cel/testing/evaluator.h"

namespace insightd::cel {
namespace {

struct Line {
  std::string_view expression;
  std::string_view expected;
};

void ExpectAll(const std::vector<Line>& lines) {
  Evaluator e;
  for (const Line& line : lines) {
    EXPECT_EQ(e.Json(line.expression), line.expected) << line.expression;
  }
}

TEST(OperatorsTest, ArithmeticStaysInItsRange) {
  ExpectAll({{"7 / 2", "3"},
             {"-7 % 3", "-1"},
             {"7u * 2u", "14"},
             {"9223372036854775807 + 1", "1:21: integer overflow"},
             {"-9223372036854775808 / -1", "1:22: integer overflow"},
             {"0u - 1u", "1:4: integer overflow"},
             {"1 / 0", "1:3: division by zero"},
             {"1u % 0u", "1:4: modulus by zero"},
             {"1.0 / 0.0 > 1e308", "true"},
             {"-(2.5)", "-2.5"},
             {"[1] + [2, 3] + []", "[1,2,3]"},
             {"b'a' + b'b' == b'ab'", "true"},
             {"'a' < 'b' && b'a' < b'b' && false < true && 1 < 2u && 2 >= 1.5", "true"}});
}

TEST(ConversionsTest, GoBetweenKindsOrSayWhyNot) {
  ExpectAll({{"[int('42'), int('-7'), int(2.9), int(-2.9), int(3u)]", "[42,-7,2,-2,3]"},
             {"int('4x')", "1:1: no int: '4x'"},
             {"int(1e19)", "1:1: out of the range of int: 1e+19"},
             {"uint(-1)", "1:1: out of the range of uint: -1"},
             {"[double('1.5'), double(3), double('-Inf') < 0.0]", "[1.5,3.0,true]"},
             {"[string(1), string(2.5), string(1e30), string(true), string(b'x')]",
              R"(["1","2.5","1e+30","true","x"])"},
             {"string(b'\\xff')", "1:1: bytes are no UTF-8"},
             {"[bool('true'), bool('0')]", "[true,false]"},
             {"type(1) == int && type([]) == list && type(type(1)) == type", "true"},
             {"int(timestamp('1970-01-01T00:01:00Z'))", "60"},
             {"int(duration('-90.5s'))", "-90"}});
}

TEST(ConversionsTest, ALiteralThatIsNoTimeIsAMistake) {
  Evaluator e;
  EXPECT_EQ(e.Mistakes("duration('3d') > duration('72h')"),
            "1:10: '3d' is no duration; it is a number with one of the units ns us ms s m h, such "
            "as '72h' or '1h30m'\n");
  EXPECT_EQ(e.Mistakes("timestamp('2026-03-01') < timestamp('x')"),
            "1:11: '2026-03-01' is no timestamp; one is written as '2026-03-01T00:00:00Z'\n"
            "1:37: 'x' is no timestamp; one is written as '2026-03-01T00:00:00Z'\n");
}

TEST(ConversionsTest, ATextOfTheDataThatIsNoTimeIsAnErrorOnly) {
  Evaluator e;
  e.BindJson("data", R"({"for": "3d", "at": "x"})");
  EXPECT_EQ(e.Error("duration(data['for'])"), "1:1: no duration: '3d'");
  EXPECT_EQ(e.Error("timestamp(data.at)"), "1:1: no timestamp: 'x'");
}

TEST(StandardTest, StringsAndSizes) {
  ExpectAll(
      {{"[size('äb'), 'äb'.size(), size(b'\\xc3\\xa4'), size([1, 2]), size({'a': 1})]",
        "[2,2,2,2,1]"},
       {"'hello'.contains('ell') && 'hello'.startsWith('he') && 'hello'.endsWith('lo')", "true"},
       {"'node-17'.matches('[0-9]+$') && matches('x', '^x')", "true"},
       {"'a'.matches('^b')", "false"}});
}

TEST(StringsTest, CountCharactersAndNotBytes) {
  ExpectAll({{"'täco'.charAt(1) + 'täco'.charAt(4)", "\"ä\""},
             {"'täco'.charAt(5)", "1:8: index out of range: 5"},
             {"['täco'.indexOf('c'), 'täco'.indexOf('x'), 'aba'.indexOf('a', 1)]", "[2,-1,2]"},
             {"['äbäb'.lastIndexOf('b'), 'äbäb'.lastIndexOf('b', 2)]", "[3,1]"},
             {"'ÄbC'.lowerAscii() + 'äbC'.upperAscii()", "\"ÄbcäBC\""},
             {"'a.b.c'.replace('.', '-') + 'a.b.c'.replace('.', '-', 1)", "\"a-b-ca-b.c\""},
             {"'äb'.replace('', '_')", "\"_ä_b_\""},
             {"'a,b,,c'.split(',')", R"(["a","b","","c"])"},
             {"['a,b,c'.split(',', 2), 'äb'.split(''), ''.split(','), 'a'.split(',', 0)]",
              R"([["a","b,c"],["ä","b"],[""],[]])"},
             {"'täco'.substring(1, 3) + 'täco'.substring(3)", "\"äco\""},
             {"'abc'.substring(2, 1)", "1:7: begin of a substring is behind its end: 2"},
             {"' \\u00a0\\tx y\\n'.trim()", "\"x y\""},
             {"['a', 'b'].join() + ['a', 'b'].join('-')", "\"aba-b\""},
             {"strings.quote('a\"b\\n')", R"("\"a\\\"b\\n\"")"},
             {"'äbc'.reverse()", "\"cbä\""}});
}

TEST(FormatTest, PutsValuesIntoText) {
  ExpectAll(
      {{"'%s has %d of %.1f%%'.format(['x', 3, 99.55])", "\"x has 3 of 99.5%\""},
       {"'%x %X %o %b %e'.format([255, b'\\x0f', 8, true, 1500.0])", "\"ff 0F 10 1 1.500000e+03\""},
       {"'%s'.format([[1, 'a', null, {'b': 1.5, 'a': duration('1m')}]])",
        "\"[1, a, null, {a: 60s, b: 1.5}]\""},
       {"'%d'.format(['x'])", "1:6: no such overload: '%d' takes numbers, not string"},
       {"'%s %s'.format(['x'])", "1:9: format needs value 2, there are 1"},
       {"'%q'.format([1])", "1:6: unknown clause '%q' in a format"}});
}

TEST(ListsTest, DistinctFlattenSortSlice) {
  ExpectAll(
      {{"[1, 2, 1.0, 'a', 'a', [1], [1u]].distinct()", R"([1,2,"a",[1]])"},
       {"lists.range(100).map(x, x % 7).distinct()", "[0,1,2,3,4,5,6]"},
       {"[[1, 2], [], [3]].flatten()", "[1,2,3]"},
       {"[1, [2, [3, [4]]]].flatten(2)", "[1,2,3,[4]]"},
       {"[dyn(1), dyn([2, [3]])].flatten()", "[1,2,[3]]"},
       {"[3, 1, 2].sort() + ['b', 'a'].sort().map(x, size(x))", "[1,2,3,1,1]"},
       {"[dyn(1), dyn('a')].sort()", "1:20: values without an order: 'a'"},
       {"[{'n': 2, 'i': 0}, {'n': 1, 'i': 1}, {'n': 2, 'i': 2}].sortBy(x, x.n).map(x, x.i)",
        "[1,0,2]"},
       {"[1, 2, 3, 4].slice(1, 3)", "[2,3]"},
       {"[1].slice(0, 2)", "1:5: index out of range: 2"},
       {"[1, 2].reverse()", "[2,1]"},
       {"[[1, 2].first().value(), [1, 2].last().value(), [].first().hasValue()]", "[1,2,false]"},
       {"lists.range(3)", "[0,1,2]"}});
}

TEST(SetsTest, CompareListsAsSets) {
  ExpectAll({{"sets.contains([1, 2, 3], [3, 1.0]) && !sets.contains([1], [1, 2])", "true"},
             {"sets.equivalent([1, 1, 2], [2, 1]) && !sets.equivalent([1], [1, 2])", "true"},
             {"sets.intersects([1, 2], [2, 3]) && !sets.intersects([1], [])", "true"},
             {"sets.contains(lists.range(100), lists.range(50))", "true"}});
}

TEST(MathTest, ExtremesRoundingAndBits) {
  ExpectAll(
      {{"[math.greatest(1, 2.5), math.greatest([3, 1]), math.least(3, 1, 2u)]", "[2.5,3,1]"},
       {"[math.ceil(1.2), math.floor(-1.2), math.round(-1.5), math.trunc(-1.9)]",
        "[2.0,-2.0,-2.0,-1.0]"},
       {"[math.abs(-3), math.sign(-2), math.bitAnd(6, 3), math.bitShiftLeft(1, 4)]", "[3,-1,2,16]"},
       {"math.abs(-9223372036854775808)", "1:6: integer overflow"},
       {"math.bitShiftRight(1, -1)", "1:6: negative offset: -1"},
       {"math.sqrt(16)", "4.0"},
       {"math.isNaN(0.0 / 0.0) && math.isInf(1.0 / 0.0) && math.isFinite(1.0)", "true"}});
}

TEST(OptionalsTest, HoldAValueOrNone) {
  ExpectAll({{"[optional.of(1).value(), optional.none().orValue(2)]", "[1,2]"},
             {"optional.none().value()", "1:17: optional.none() has no value"},
             {"optional.ofNonZeroValue('').hasValue() || optional.ofNonZeroValue({}).hasValue()",
              "false"},
             {"optional.of(3).optMap(x, x * 2).value()", "6"},
             {"{'a': {'b': 5}}.?a.?b.optFlatMap(x, optional.of(x + 1)).value()", "6"},
             {"[?optional.of(1), ?optional.none()]", "[1]"},
             {"{?'a': optional.none(), 'b': 1}", R"({"b":1})"},
             {"[optional.of(1), optional.none()].unwrapOpt()", "[1]"},
             {"optional.none().or(optional.of(7)).value()", "7"}});
}

TEST(RegexFunctionsTest, CutAndReplace) {
  ExpectAll({{"regex.extract('took 12ms', '([0-9]+)ms').orValue('')", "\"12\""},
             {"regex.extract('took', '[0-9]+').hasValue()", "false"},
             {"regex.extractAll('a1b22', '[0-9]+')", R"(["1","22"])"},
             {"regex.extractAll('ab', '')", R"(["","",""])"},
             {"regex.extract('ab', '(a)(b)')",
              "1:7: regular expression with more than one group: "
              "'(a)(b)'"},
             {"regex.replace('a1b2', '([0-9])', '<\\\\1>')", "\"a<1>b<2>\""},
             {"regex.replace('aaa', 'a', 'b', 2)", "\"bba\""},
             {"regex.replace('a', 'a', '\\\\7')",
              "1:7: replacement names a group that is not there: '\\\\7'"}});
}

TEST(EncodersTest, Base64) {
  ExpectAll({{"base64.encode(b'hello')", "\"aGVsbG8=\""},
             {"string(base64.decode('aGVsbG8'))", "\"hello\""},
             {"base64.decode('?')", "1:8: no base64: '?'"}});
}

TEST(TimeFunctionsTest, PartsInAnyZone) {
  ExpectAll(
      {{"timestamp('2026-03-01T13:14:15.678Z').getFullYear()", "2026"},
       {"timestamp('2026-03-01T00:00:00Z').getMonth()", "2"},
       {"timestamp('2026-03-01T00:00:00Z').getDayOfYear()", "59"},
       {"timestamp('2026-03-01T00:00:00Z').getDayOfWeek()", "0"},
       {"timestamp('2026-03-01T00:00:00Z').getDate('-01:00')", "28"},
       {"timestamp('2026-07-01T00:00:00Z').getHours('Europe/Berlin')", "2"},
       {"timestamp('2026-01-01T00:00:00Z').getHours('Europe/Berlin')", "1"},
       {"timestamp('2099-07-01T00:00:00Z').getHours('America/New_York')", "20"},
       {"timestamp('2026-01-01T00:00:00Z').getHours('No/Where')",
        "1:35: unknown time zone: 'No/Where'"},
       {"[duration('-90m').getHours(), duration('1.5s').getMilliseconds()]", "[-1,500]"},
       {"timestamp('2026-01-01T00:00:00Z') - timestamp('2025-12-31T00:00:00Z')", "\"86400s\""},
       {"timestamp('9999-12-31T23:59:59Z') + duration('1s')", "1:35: timestamp out of range"}});
}

TEST(NetworkTest, AddressesAndRanges) {
  ExpectAll(
      {{"[string(ip('10.0.0.1')), string(ip('2001:DB8:0:0::1')), string(ip('::'))]",
        R"(["10.0.0.1","2001:db8::1","::"])"},
       {"ip('1:0:2:0:0:0:3:4')", R"("1:0:2::3:4")"},
       {"isIP('1.2.3') || isIP('::ffff:1.2.3.4') || isIP('fe80::1%eth0') || isIP('01.2.3.4')",
        "false"},
       {"ip('x')", "1:1: no IP address: 'x'"},
       {"[ip('10.0.0.1').family(), ip('::1').family()]", "[4,6]"},
       {"ip.isCanonical('2001:db8::1') && !ip.isCanonical('2001:DB8::1')", "true"},
       {"ip('127.0.0.1').isLoopback() && ip('10.0.0.1').isGlobalUnicast()", "true"},
       {"ip('fe80::1').isLinkLocalUnicast() && ip('224.0.0.1').isLinkLocalMulticast()", "true"},
       {"cidr('10.0.0.0/8').containsIP('10.1.2.3') && !cidr('::/0').containsIP('1.2.3.4')", "true"},
       {"cidr('10.0.0.0/8').containsCIDR('10.1.0.0/16')", "true"},
       {"cidr('10.0.0.0/16').containsCIDR(cidr('10.0.0.0/8'))", "false"},
       {"string(cidr('192.168.1.5/24').masked())", "\"192.168.1.0/24\""},
       {"cidr('192.168.1.5/24').ip() == ip('192.168.1.5')", "true"},
       {"cidr('192.168.1.5/24').prefixLength()", "24"},
       {"isCIDR('10.0.0.0/33') || isCIDR('10.0.0.0/08') || isCIDR('10.0.0.0')", "false"},
       {"type(ip('::1')) == net.IP", "true"},
       {"dyn(cidr('10.0.0.0/8')).family()", "1:25: no such overload: for net.CIDR"}});
}

}  // namespace
}  // namespace insightd::cel
