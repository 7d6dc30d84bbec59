// JSON as the original's decoder reads it: for bodies and identities of clients, and to tell
// whether a stored text is JSON.
//
// It differs from base/json.h in what clients see: it stops behind the first value, tells mistakes
// in the original's words, takes bytes that are no UTF-8 (they read as U+FFFD) and numbers of any
// size, and finds a field whatever the case of its name. What it has found whole is then read
// through a Cursor, so that a body costs no more memory than what is taken out of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

namespace insightd::api::aggregator::go_json {

// Nesting above which the decoder gives up.
inline constexpr std::size_t kDepthMax = 10'000;

struct Problem {
  // The text ends before the value does; else `text` says what is wrong with it.
  bool truncated = false;
  std::string text = {};
};

// How many bytes the first value takes, with the white space in front of it.
tl::expected<std::size_t, Problem> FirstValue(std::string_view text);

// Whether the text is one value and nothing else.
bool IsValid(std::string_view text);

enum class Kind : std::uint8_t { kNull, kBool, kNumber, kString, kArray, kObject };

// A place in a text that FirstValue has found whole. The text outlives it.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) { SkipSpace(); }

  Kind kind() const;
  bool is_null() const { return kind() == Kind::kNull; }

  // Each of these takes the value that stands here, which is of that kind, and goes behind it.
  std::string String();
  std::string_view Number();
  void Skip();

  // Calls `visit(cursor)` for each element, which takes it.
  template <class Visit>
  void Elements(Visit visit) {
    Enter();
    while (!At(']')) {
      visit(*this);
      Separate();
    }
    Enter();
  }
  // Calls `visit(name, cursor)` for each member, which takes its value.
  template <class Visit>
  void Members(Visit visit) {
    Enter();
    while (!At('}')) {
      const std::string name = String();
      Separate();
      visit(name, *this);
      Separate();
    }
    Enter();
  }

 private:
  void SkipSpace();
  bool At(char c) const { return text_[at_] == c; }
  void Enter();     // past a bracket
  void Separate();  // past a comma or colon where one stands

  std::string_view text_;
  std::size_t at_ = 0;
};

// Whether a member of that name is the field: equal but for the case of ASCII letters.
bool IsField(std::string_view name, std::string_view field);

// Values as the decoder puts them into a variable; `null` leaves it as it is. False: another kind.
bool Take(Cursor& cursor, std::string& out);
bool Take(Cursor& cursor, std::int64_t& out);  // an integer of 64 bits
bool Take(Cursor& cursor, std::vector<std::string>& out);

}  // namespace insightd::api::aggregator::go_json
