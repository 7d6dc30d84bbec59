#include "cel/value.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "cel/testing/evaluator.h"

namespace insightd::cel {
namespace {

json::Document Parsed(std::string_view text) { return std::move(*json::Parse(text)); }

TEST(ValueTest, ShowsAJsonDocumentWithoutConvertingIt) {
  const json::Document document =
      Parsed(R"({"s":"x","i":1,"d":1.0,"b":true,"n":null,"l":[1,[2]],"m":{"k":"v"}})");
  const Value root = Value::FromJson(document.root());
  Value found;
  ASSERT_TRUE(MapFind(root, "s", found));
  EXPECT_EQ(found.AsString(), "x");
  EXPECT_EQ(found.AsString().data(), document.root()["s"].AsString().data());
  ASSERT_TRUE(MapFind(root, "i", found));
  EXPECT_TRUE(found.is_int());
  ASSERT_TRUE(MapFind(root, "d", found));
  EXPECT_TRUE(found.is_double());
  ASSERT_TRUE(MapFind(root, "l", found));
  EXPECT_EQ(ListSize(found), 2U);
  EXPECT_EQ(ToJson(ListAt(found, 1)), "[2]");
  EXPECT_FALSE(MapFind(root, "absent", found));
  EXPECT_FALSE(MapFind(root, Value::Int(1), found));
  EXPECT_EQ(ToJson(root), document.root().ToText());
}

TEST(ValueTest, OfDoubledNamesTheLastValueStandsInTheFirstPlace) {
  const json::Document document = Parsed(R"({"a":1,"b":2,"a":{"c":3}})");
  const Value root = Value::FromJson(document.root());
  EXPECT_EQ(MapSize(root), 2U);
  EXPECT_EQ(ToJson(root), R"({"a":{"c":3},"b":2})");
  Value found;
  ASSERT_TRUE(MapFind(root, "a", found));
  EXPECT_TRUE(found.is_map());
}

TEST(ValueTest, DoubledNamesAreFoundAmongManyMembers) {
  std::string text = "{";
  for (int i = 0; i < 700; ++i) text += fmt::format("\"k{}\":{},", i, i);
  const json::Document plain = Parsed(text + "\"end\":0}");
  const json::Document doubled = Parsed(text + "\"k3\":-1}");
  EXPECT_EQ(MapSize(Value::FromJson(plain.root())), 701U);
  EXPECT_EQ(MapSize(Value::FromJson(doubled.root())), 700U);
}

TEST(ValueTest, AnOverlayAddsMembersInFrontAndHidesThoseBelow) {
  Arena arena;
  const json::Document document = Parsed(R"({"metadata":1,"_name":"old"})");
  const MapEntry added[] = {{Value::String("_path"), Value::String("config/a.json")},
                            {Value::String("_name"), Value::String("a")}};
  const Overlay overlay{document.root(), added, 2};
  const Value map = Value::MapOf(&overlay);
  EXPECT_EQ(ToJson(map), R"({"_path":"config/a.json","_name":"a","metadata":1})");
  EXPECT_EQ(MapSize(map), 3U);
  Value found;
  ASSERT_TRUE(MapFind(map, "_name", found));
  EXPECT_EQ(found.AsString(), "a");
  ASSERT_TRUE(MapFind(map, "metadata", found));
  EXPECT_FALSE(MapFind(map, "x", found));
}

class Squares final : public List {
 public:
  std::size_t size() const override { return 4; }
  Value At(std::size_t index) const override {
    return Value::Int(static_cast<std::int64_t>(index * index));
  }
};

class OneMember final : public Map {
 public:
  std::size_t size() const override { return 1; }
  std::string_view KeyAt(std::size_t) const override { return "lines"; }
  Value ValueAt(std::size_t) const override { return Value::ListOf(&squares_); }
  bool Find(std::string_view key, Value& found) const override {
    if (key != "lines") return false;
    found = ValueAt(0);
    return true;
  }

 private:
  Squares squares_;
};

TEST(ValueTest, HostsMakeListsAndMapsOfTheirOwn) {
  const OneMember host;
  Evaluator e;
  e.Bind("host", Type::Dyn(), Value::MapOf(&host));
  EXPECT_EQ(e.Json("host"), R"({"lines":[0,1,4,9]})");
  EXPECT_EQ(e.Json("host.lines[2] + size(host.lines)"), "8");
  EXPECT_EQ(e.Json("host.lines == [0, 1, 4, 9] && 9 in host.lines"), "true");
  EXPECT_EQ(e.Json("host.filter(k, k == 'lines')"), R"(["lines"])");
  EXPECT_EQ(e.Json("host == {'lines': [0, 1, 4, 9]}"), "true");
}

TEST(ValueTest, ABuiltMapKeepsTheOrderOfInsertionAndFindsEveryKey) {
  Arena arena;
  MapBuilder builder(arena);
  for (int i = 0; i < 1000; ++i) {
    builder.Set(Value::String(arena.Copy(fmt::format("k{}", 999 - i))), Value::Int(i));
  }
  builder.Set(Value::String("k999"), Value::Int(-1));
  const Value map = builder.Finish();
  EXPECT_EQ(MapSize(map), 1000U);
  MapCursor cursor(map);
  Value key, value;
  ASSERT_TRUE(cursor.Next(key, value));
  EXPECT_EQ(key.AsString(), "k999");
  EXPECT_EQ(value.AsInt(), -1);
  for (int i = 1; i < 1000; ++i) {
    ASSERT_TRUE(MapFind(map, fmt::format("k{}", 999 - i), value));
    EXPECT_EQ(value.AsInt(), i);
  }
}

TEST(ValueTest, NumbersAreEqualAcrossKindsAndHaveOneHash) {
  const Value ones[] = {Value::Int(1), Value::Uint(1), Value::Double(1.0)};
  for (const Value& a : ones) {
    for (const Value& b : ones) {
      EXPECT_TRUE(Equals(a, b));
      EXPECT_EQ(Hash(a), Hash(b));
      EXPECT_EQ(Compare(a, b), Order::kEqual);
    }
  }
  EXPECT_FALSE(Equals(Value::Int(-1), Value::Uint(~std::uint64_t{0})));
  EXPECT_EQ(Compare(Value::Int(-1), Value::Uint(0)), Order::kLess);
  EXPECT_EQ(Compare(Value::Uint(3), Value::Double(2.5)), Order::kGreater);
  EXPECT_EQ(Hash(Value::Double(-0.0)), Hash(Value::Int(0)));
}

TEST(ValueTest, NothingIsEqualAcrossOtherKinds) {
  EXPECT_FALSE(Equals(Value::Null(), Value::Bool(false)));
  EXPECT_FALSE(Equals(Value::String("1"), Value::Int(1)));
  EXPECT_FALSE(Equals(Value::String("a"), Value::Bytes("a")));
  EXPECT_FALSE(Equals(Value::Double(std::nan("")), Value::Double(std::nan(""))));
  EXPECT_EQ(Compare(Value::String("a"), Value::Int(1)), Order::kUnordered);
}

TEST(ValueTest, MapsAreEqualInAnyOrder) {
  const json::Document a = Parsed(R"({"x":1,"y":[1,{"z":null}]})");
  const json::Document b = Parsed(R"({"y":[1,{"z":null}],"x":1.0})");
  EXPECT_TRUE(Equals(Value::FromJson(a.root()), Value::FromJson(b.root())));
  EXPECT_EQ(Hash(Value::FromJson(a.root())), Hash(Value::FromJson(b.root())));
}

TEST(ValueTest, IsShownAsALiteralInMessages) {
  Evaluator e;
  EXPECT_EQ(ToDebugText(e.Run("{'a': [1u, 2.5, b'\\xff', null, 'it\\'s'], 'd': duration('90s')}")),
            R"({'a': [1u, 2.5, b'\xff', null, 'it\'s'], 'd': duration('90s')})");
  EXPECT_EQ(ToDebugText(Value::String("abcdefgh"), 4), "'abc…");
}

}  // namespace
}  // namespace insightd::cel
