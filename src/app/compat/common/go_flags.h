// The command line of a program in Go: its package `flag`.
//
// One or two dashes, `-name value` or `-name=value`; a bool stands alone or has `=value`. What is
// behind the first word without a dash, or behind `--`, is no flag.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace insightd::app::compat {

class GoFlags {
 public:
  using Target = std::variant<bool*, std::int64_t*, std::string*>;

  // `target` holds the default and outlives this.
  void Add(std::string_view name, Target target, std::string_view usage);

  struct Outcome {
    bool run = true;  // else the program ends with `exit`
    int exit = 0;
    std::string text;  // for standard error
  };
  // `program` as it was called.
  Outcome Parse(std::string_view program, const std::vector<std::string>& words);

  // What `-help` says.
  std::string Usage(std::string_view program) const;

 private:
  struct Row {
    std::string name;
    Target target;
    std::string usage;
    std::string default_text = {};  // empty: not worth telling
  };
  Row* Find(std::string_view name);
  // Empty when it could be set.
  static std::string Set(Row& row, std::string_view value);

  std::vector<Row> rows_;  // by name
};

}  // namespace insightd::app::compat
