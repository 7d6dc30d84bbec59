#include "cel/evaluate.h"

#include <gtest/gtest.h>

#include <string>

#include "cel/testing/evaluator.h"

namespace insightd::cel {
namespace {

TEST(EvaluateTest, ComputesConstantsOperatorsAndMacros) {
  Evaluator e;
  EXPECT_EQ(e.Json("1 + 2 * 3"), "7");
  EXPECT_EQ(e.Json("'a' + 'b' == 'ab' && !(1 > 2)"), "true");
  EXPECT_EQ(e.Json("[1, 2, 3].filter(x, x > 1).map(x, x * 2)"), "[4,6]");
  EXPECT_EQ(e.Json("{'a': 1, 'b': [true, null]}"), R"({"a":1,"b":[true,null]})");
  EXPECT_EQ(e.Json("[1, 2].exists(x, x == 2) ? 'yes' : 'no'"), "\"yes\"");
  EXPECT_EQ(e.Json("timestamp('2026-01-01T00:00:00Z') + duration('36h')"),
            "\"2026-01-02T12:00:00Z\"");
}

TEST(EvaluateTest, ReadsADocumentInPlace) {
  Evaluator e;
  e.BindJson("doc", R"({"metadata":{"labels":{"app":"x"},"n":3},"list":[1,2.5,"s",null]})");
  EXPECT_EQ(e.Json("doc.metadata.labels.app == 'x'"), "true");
  EXPECT_EQ(e.Json("doc.metadata.n + 1"), "4");
  EXPECT_EQ(e.Json("doc.list[1]"), "2.5");
  EXPECT_EQ(e.Json("doc.list.map(x, x)"), R"([1,2.5,"s",null])");
  EXPECT_EQ(e.Json("doc.metadata.map(k, k)"), R"(["labels","n"])");
  EXPECT_EQ(e.Json("has(doc.metadata.absent)"), "false");
  EXPECT_EQ(e.Error("doc.metadata.absent"), "1:14: no such key: 'absent'");
}

}  // namespace
}  // namespace insightd::cel
