#include "app/compat/ccx_messaging/value.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>

namespace insightd::app::ccx {
namespace {

using Kind = Value::Kind;

Environment Variables(std::map<std::string, std::string> variables) {
  return [variables](const std::string& name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  };
}

TEST(ExpandTest, PutsVariablesInAndKeepsThoseThatAreNotSet) {
  const Environment environment = Variables({{"TOPIC", "t1"}, {"EMPTY", ""}});
  EXPECT_EQ(Expand("${TOPIC}", environment), "t1");
  EXPECT_EQ(Expand("a-$TOPIC.b", environment), "a-t1.b");
  EXPECT_EQ(Expand("${NONE:kafka:29092}", environment), "kafka:29092");
  EXPECT_EQ(Expand("${EMPTY:x}", environment), "");
  EXPECT_EQ(Expand("${NONE} $NONE", environment), "${NONE} $NONE");
  EXPECT_EQ(Expand("${LEVEL:-INFO}", environment), "-INFO");
  EXPECT_EQ(Expand("$$TOPIC 5$ ${", environment), "$TOPIC 5$ ${");
}

TEST(RetypeTest, ReadsTheTypeOnceMoreAsPythonDoes) {
  EXPECT_EQ(Retype("").kind, Kind::kNull);
  EXPECT_TRUE(Retype("TRUE").boolean);
  EXPECT_EQ(Retype("007").integer, 7);
  EXPECT_EQ(Retype("1_0").integer, 10);
  EXPECT_EQ(Retype("+5").integer, 5);
  EXPECT_EQ(Retype("1e3").number, 1000);
  EXPECT_TRUE(std::isnan(Retype("nan").number));
  EXPECT_EQ(Retype("1__0").kind, Kind::kText);
  EXPECT_EQ(Retype("100MiB").kind, Kind::kText);
  EXPECT_EQ(Retype("yes").kind, Kind::kText);
}

TEST(ParseYamlTest, ReadsOldBooleansAndKeepsTheOrder) {
  const Result<Value> read = ParseYaml("c.yaml", "a: yes\nb: 'no'\nc: [off, 1, x]\n");
  ASSERT_TRUE(read) << read.error().message();
  EXPECT_TRUE(read->Find("a")->boolean);
  EXPECT_EQ(read->Find("b")->kind, Kind::kText);
  EXPECT_FALSE(read->Find("c")->items[0].boolean);
  EXPECT_EQ(read->members[2].first, "c");
}

TEST(ParseYamlTest, NamesTheLineOfAMistake) {
  const Result<Value> read = ParseYaml("c.yaml", "a: 1\nb: [1\n");
  ASSERT_FALSE(read);
  EXPECT_THAT(read.error().message(), testing::HasSubstr("c.yaml:"));
}

TEST(SubstituteTest, ReachesEveryDepthAndNoNames) {
  Value value = *ParseYaml("c.yaml", "\"$A\": {b: ['${A:5}', '${ON:false}']}\n");
  Substitute(value, Variables({}));
  const Value* list = value.Find("$A")->Find("b");
  EXPECT_EQ(list->items[0].integer, 5);
  EXPECT_FALSE(list->items[1].Truthy());
}

TEST(ValueTest, IsTrueAsInPython) {
  EXPECT_TRUE(Retype("no").Truthy());
  EXPECT_FALSE(Retype("0").Truthy());
  EXPECT_FALSE(Value().Truthy());
}

}  // namespace
}  // namespace insightd::app::ccx
