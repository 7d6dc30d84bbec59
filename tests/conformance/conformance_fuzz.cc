// The expressions of the conformance files, written in other ways that mean the same: the value
// that the files name must come out all the same.
//
// The first two bytes say which test, each one after them one way of writing: a text that wraps the
// expression. Which ways mean the same depends on the kind of the value. The files are not part of
// this repository: they are looked for beside the checkout and in INSIGHTD_TEST_DATA; without them
// nothing is tried.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "run.h"
#include "textproto.h"

namespace insightd::conformance {
namespace {

namespace fs = std::filesystem;

// Longer expressions are not made longer, nor deeper: that has limits of its own.
constexpr std::size_t kExpressionBytesMax = 4096;
constexpr std::size_t kWaysMax = 16;

// `@` stands for the expression.
using Ways = std::vector<std::string_view>;
const Ways kOfAnyType = {"(@\n)",
                         "[@\n][0]",
                         "{'k': @\n}['k']",
                         "{'k': @\n}.k",
                         "true ? (@\n) : (@\n)",
                         "false ? (@\n) : (@\n)",
                         " // c\n@\n// c"};
const Ways kMacros = {"cel.bind(fuzz_value, @\n, fuzz_value)", "[1].map(fuzz_one, @\n)[0]",
                      "[@\n].map(fuzz_value, fuzz_value)[0]", "[@\n].filter(fuzz_value, true)[0]",
                      "{'k': 1}.transformMap(fuzz_key, fuzz_one, @\n)['k']"};
const Ways kDyn = {"dyn(@\n)", "optional.of(@\n).value()", "optional.none().orValue(@\n)",
                   "[1, @\n][1]"};
const Ways kBool = {"(@\n) && true",
                    "true && (@\n)",
                    "(@\n) || false",
                    "false || (@\n)",
                    "!!(@\n)",
                    "(@\n) == true",
                    "(@\n) != false",
                    "[1].all(fuzz, @\n)",
                    "[1].exists(fuzz, @\n)",
                    "[1].exists_one(fuzz, @\n)"};
const Ways kInt = {"(@\n) + 0", "0 + (@\n)", "(@\n) - 0",       "(@\n) * 1",
                   "(@\n) / 1", "int(@\n)",  "int(string(@\n))"};
const Ways kUint = {"(@\n) + 0u", "(@\n) * 1u", "uint(string(@\n))"};
const Ways kDouble = {"(@\n) * 1.0", "(@\n) / 1.0", "double(@\n)"};
const Ways kString = {"(@\n) + ''", "'' + (@\n)", "[@\n].join()", "string(@\n)",
                      "string(bytes(@\n))"};
const Ways kBytes = {"(@\n) + b''", "b'' + (@\n)", "base64.decode(base64.encode(@\n))"};
const Ways kList = {"(@\n) + []", "[] + (@\n)", "(@\n).map(fuzz, fuzz)", "(@\n).filter(fuzz, true)",
                    "(@\n).reverse().reverse()"};
const Ways kMap = {"(@\n).transformMap(fuzz_key, fuzz_value, fuzz_value)"};

struct Test {
  Message message;
  Ways ways;
};

void Add(Ways& ways, const Ways& more) { ways.insert(ways.end(), more.begin(), more.end()); }

// The kind of the value that the test wants, as the field of cel.expr.Value is called.
std::string_view WantedKind(const Message& test) {
  const Field* const value = test.Find("value");
  if (value == nullptr) {
    const bool wants_true = test.Find("typed_result") == nullptr &&
                            test.Find("eval_error") == nullptr &&
                            test.Find("any_eval_errors") == nullptr;
    return wants_true ? "bool_value" : "";
  }
  return value->message.fields.empty() ? "" : std::string_view(value->message.fields[0].name);
}

Ways WaysOf(const Message& test) {
  Ways ways = kOfAnyType;
  const bool macros = test.Text("disable_macros") != "true";
  if (macros) Add(ways, kMacros);
  // What follows may have another type as far as the checker knows it.
  if (test.Find("typed_result") != nullptr || test.Text("check_only") == "true") return ways;
  Add(ways, kDyn);
  const std::string_view kind = WantedKind(test);
  if (!macros) return ways;
  if (kind == "bool_value") Add(ways, kBool);
  if (kind == "int64_value") Add(ways, kInt);
  if (kind == "uint64_value") Add(ways, kUint);
  if (kind == "double_value") Add(ways, kDouble);
  if (kind == "string_value") Add(ways, kString);
  if (kind == "bytes_value") Add(ways, kBytes);
  if (kind == "list_value") Add(ways, kList);
  if (kind == "map_value") Add(ways, kMap);
  return ways;
}

Field& ExpressionOf(Message& test) {
  return *std::find_if(test.fields.begin(), test.fields.end(),
                       [](const Field& field) { return field.name == "expr"; });
}

std::vector<Test> ReadTests() {
  const char* const named = std::getenv("INSIGHTD_TEST_DATA");
  const fs::path folder =
      (named != nullptr ? fs::path(named) : fs::path(INSIGHTD_SOURCE_DIR) / "../shared/data") /
      "cel-conformance";
  std::set<fs::path> paths;
  std::error_code error;
  for (const auto& file : fs::directory_iterator(folder, error)) {
    if (file.path().extension() == ".textproto") paths.insert(file.path());
  }
  std::vector<Test> tests;
  for (const fs::path& path : paths) {
    std::ifstream stream(path, std::ios::binary);
    const auto file = ParseTextproto(std::string(std::istreambuf_iterator<char>(stream), {}));
    if (!file) continue;
    for (const Field* section : file->All("section")) {
      for (const Field* test : section->message.All("test")) {
        // Of those that are not passed gaps.txt says why.
        if (test->message.Find("expr") == nullptr || !Run(test->message).passed) continue;
        tests.push_back({test->message, WaysOf(test->message)});
      }
    }
  }
  return tests;
}

std::string Written(std::string_view way, std::string_view expression) {
  std::string text;
  for (const char c : way) {
    if (c == '@') {
      text += expression;
    } else {
      text += c;
    }
  }
  return text;
}

void Try(const Test& test, std::string_view choices) {
  Message message = test.message;
  std::string& expression = ExpressionOf(message).text;
  for (const char choice : choices.substr(0, kWaysMax)) {
    if (expression.size() > kExpressionBytesMax) break;
    expression =
        Written(test.ways[static_cast<unsigned char>(choice) % test.ways.size()], expression);
  }
  const Outcome outcome = Run(message);
  if (outcome.passed) return;
  std::fprintf(stderr, "%s: %s\nwas %s\nis %s\n", test.message.Text("name").c_str(),
               outcome.why.c_str(), test.message.Text("expr").c_str(), expression.c_str());
  std::abort();
}

}  // namespace
}  // namespace insightd::conformance

namespace {

const std::vector<insightd::conformance::Test>& Tests() {
  static const auto tests = insightd::conformance::ReadTests();
  return tests;
}

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  if (!Tests().empty()) return 0;
  std::fprintf(stderr, "skipped: no files in cel-conformance of the test data\n");
  std::exit(0);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::size_t index = (data[0] << 8 | data[1]) % Tests().size();
  insightd::conformance::Try(Tests()[index], {reinterpret_cast<const char*>(data) + 2, size - 2});
  return 0;
}
