#include "fleet/patch.h"

#include <gtest/gtest.h>

namespace insightd::fleet {
namespace {

std::string Patched(std::string_view base, std::string_view patch) {
  const auto base_document = json::Parse(base);
  const auto patch_document = json::Parse(patch);
  std::string out;
  const auto done = AppendPatched(base_document->root(), patch_document->root(), out);
  return done ? out : "error: " + done.error().message();
}

TEST(PatchTest, MergesMapsAndKeepsTheirOrder) {
  EXPECT_EQ(
      Patched(R"({"a":1,"b":{"c":2,"d":3},"e":[1]})", R"({"b":{"c":null,"f":4},"e":[2],"g":5})"),
      R"({"a":1,"b":{"d":3,"f":4},"e":[2],"g":5})");
}

TEST(PatchTest, LeavesOutWhatIsTakenFromNothing) {
  EXPECT_EQ(Patched(R"({})", R"({"a":{"b":null,"c":1}})"), R"({"a":{"c":1}})");
  EXPECT_EQ(Patched(R"({"a":"text"})", R"({"a":{"b":1}})"), R"({"a":{"b":1}})");
}

TEST(PatchTest, ReachesIntoLists) {
  constexpr const char* kBase = R"([{"type":"A","x":1},{"type":"B","x":1}])";
  EXPECT_EQ(Patched(kBase, R"({"[type=B]":{"x":2}})"),
            R"([{"type":"A","x":1},{"type":"B","x":2}])");
  EXPECT_EQ(Patched(kBase, R"({"[type=C]":{"x":3}})"),
            R"([{"type":"A","x":1},{"type":"B","x":1},{"type":"C","x":3}])");
  EXPECT_EQ(Patched(kBase, R"({"[0]":{"x":null},"[+]":{"y":1}})"),
            R"([{"type":"A"},{"type":"B","x":1},{"y":1}])");
  EXPECT_EQ(Patched(kBase, R"({"[*]":{"x":9}})"), R"([{"type":"A","x":9},{"type":"B","x":9}])");
}

TEST(PatchTest, MakesAListWhereThereIsNone) {
  EXPECT_EQ(Patched(R"({"spec":{}})", R"({"spec":{"taints":{"[+]":{"key":"k"}}}})"),
            R"({"spec":{"taints":[{"key":"k"}]}})");
}

TEST(PatchTest, RefusesAPlaceThatIsNotThere) {
  EXPECT_EQ(Patched("[1]", R"({"[4]":{"x":1}})"), "error: patch: there is no [4]");
  EXPECT_EQ(Patched("[1]", R"({"[x]":{"x":1}})"), "error: patch: [x] names no element");
}

}  // namespace
}  // namespace insightd::fleet
