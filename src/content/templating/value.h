// What expressions of a template compute with: JavaScript's values, over JSON in place.
//
// Strings, lists and objects of the details are never copied: a value points into the document, or
// into the Memory of one rendering. Texts know which of their bytes come from data, so that what a
// cluster reports can be escaped and what the author wrote cannot be taken for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"

namespace insightd::content::templating {

// Bytes [begin, end) of a text.
struct Range {
  std::size_t begin = 0;
  std::size_t end = 0;
};

struct Text {
  std::string_view text;
  bool is_data = false;                      // all of it
  const std::vector<Range>* data = nullptr;  // else these bytes, when not null
  bool HasData() const { return is_data || data != nullptr; }
};

enum class Kind : std::uint8_t {
  kUndefined,
  kNull,
  kBool,
  kNumber,
  kText,
  kList,
  kJsonList,
  kObject
};

class Value;
using List = std::vector<Value>;

// A value is as long-lived as the document and the Memory that it points into.
class Value {
 public:
  Value() = default;
  static Value Undefined() { return {}; }
  static Value Null() { return Value(Kind::kNull); }
  static Value Bool(bool value);
  static Value Number(double value);
  static Value Of(Text text);
  static Value Author(std::string_view text) { return Of({text, false, nullptr}); }
  static Value Data(std::string_view text) { return Of({text, true, nullptr}); }
  static Value Of(const List* list);
  static Value FromJson(json::Value value);

  Kind kind() const { return kind_; }
  bool AsBool() const { return bool_; }
  double AsNumber() const { return number_; }
  const Text& AsText() const { return text_; }
  const List& AsList() const { return *list_; }
  json::Value AsJson() const { return json_; }  // of kJsonList and kObject

  bool IsNullish() const { return kind_ == Kind::kUndefined || kind_ == Kind::kNull; }
  bool IsAnyList() const { return kind_ == Kind::kList || kind_ == Kind::kJsonList; }
  bool IsReference() const { return IsAnyList() || kind_ == Kind::kObject; }
  // JavaScript's truthiness.
  bool IsTrue() const;
  // The same list, the same object.
  bool IsSameReference(const Value& other) const;

 private:
  explicit Value(Kind kind) : kind_(kind) {}

  Kind kind_ = Kind::kUndefined;
  bool bool_ = false;
  double number_ = 0;
  Text text_;
  const List* list_ = nullptr;
  json::Value json_;
};

// "a list", "text": for messages.
std::string_view KindName(const Value& value);

// JavaScript's text of a number: shortest digits, `1e+21`, `NaN`.
void AppendNumber(std::string& out, double number);
// JavaScript's Number(text): NaN when it is none, 0 for blanks.
double NumberOf(std::string_view text);
// JavaScript's number.toFixed(digits), `digits` at most 100.
std::string Fixed(double number, int digits);

// Texts put one behind the other, and which bytes of the whole are data.
class TextBuilder {
 public:
  void Append(const Text& text);
  void AppendAuthor(std::string_view text) { out_ += text; }
  void AppendData(std::string_view text);
  std::size_t size() const { return out_.size(); }
  const std::string& text() const { return out_; }
  const std::vector<Range>& data() const { return data_; }
  std::string TakeText() { return std::move(out_); }
  std::vector<Range> TakeData() { return std::move(data_); }

 private:
  std::string out_;
  std::vector<Range> data_;
};

// Holds what one rendering makes. Counts the bytes, for a bound.
class Memory {
 public:
  std::string_view Keep(std::string text);
  Text Keep(TextBuilder builder);
  const List* Keep(List list);
  std::size_t bytes() const { return bytes_; }

 private:
  std::deque<std::string> texts_;
  std::deque<std::vector<Range>> ranges_;
  std::deque<List> lists_;
  std::size_t bytes_ = 0;
};

}  // namespace insightd::content::templating
