// Feeds any text to the loader of settings: each mistake has a text, and what was taken is printed
// as a file that loads again to the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "base/settings.h"

namespace {

void Require(bool condition) {
  if (!condition) std::abort();
}

struct Values {
  bool flag = false;
  std::int64_t number = 1;
  double fraction = 0.5;
  std::string text = "x";
  std::vector<std::string> texts;
  insightd::settings::Table table;

  Values() {
    table.Add("a.flag", &flag, {}, "A flag.");
    table.Add("a.number", &number, {.min = -5, .max = 1'000'000}, "A number.");
    table.Add("b.fraction", &fraction, {}, "A fraction.");
    table.Add("b.text", &text, {}, "A text.");
    table.Add("texts", &texts, {}, "Texts.");
  }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Values first;
  for (const std::string& mistake : first.table.Load("a.toml", bytes, {})) {
    Require(!mistake.empty());
  }
  Require(first.number >= -5 && first.number <= 1'000'000);
  const std::string printed = first.table.Print();
  Values second;
  Require(second.table.Load("b.toml", printed, {}).empty());
  Require(second.table.Print() == printed);
  // The environment takes any text too.
  Values third;
  static_cast<void>(third.table.Load(
      "", "",
      {{"INSIGHTD__A__NUMBER", std::string(bytes)}, {"INSIGHTD__TEXTS", std::string(bytes)}}));
  return 0;
}
