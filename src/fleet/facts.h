// What templates know about a simulated cluster: names to texts, numbers, lists, and facts within.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace insightd::fleet {

// A text, a number, a list or a set of named facts. A value: copied as a whole.
class Fact {
 public:
  enum class Kind : std::uint8_t { kText, kNumber, kList, kNamed };

  Fact() = default;
  Fact(std::string text) : kind_(Kind::kText), text_(std::move(text)) {}        // NOLINT: a value
  Fact(const char* text) : kind_(Kind::kText), text_(text) {}                   // NOLINT
  Fact(std::int64_t number) : kind_(Kind::kNumber), number_(number) {}          // NOLINT
  Fact(std::vector<Fact> list) : kind_(Kind::kList), list_(std::move(list)) {}  // NOLINT

  static Fact Named(std::map<std::string, Fact, std::less<>> named);

  Kind kind() const { return kind_; }
  const std::string& text() const { return text_; }
  std::int64_t number() const { return number_; }
  const std::vector<Fact>& list() const { return list_; }
  std::vector<Fact>& list() { return list_; }

  // The fact of that name within; set as a new one when it is not there.
  Fact& operator[](std::string_view name);
  // Null when it is not there. A list has its places as names: "0".
  const Fact* Find(std::string_view name) const;

  // As it stands in a text.
  std::string Shown() const;

 private:
  Kind kind_ = Kind::kNamed;
  std::string text_;
  std::int64_t number_ = 0;
  std::vector<Fact> list_;
  std::map<std::string, Fact, std::less<>> named_;
};

}  // namespace insightd::fleet
