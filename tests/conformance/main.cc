// Runs the conformance tests of the language on the engine.
//
//   cel_conformance [--gaps FILE] [--verbose] DIR
//
// Every *.textproto file of the folder is read, every test in it is run. Ends with a line
// `N passed, M failed, K skipped`; exit status 0 when none failed, 1 when one did, 2 when the
// folder or the list of gaps cannot be read. A test that is named as a gap and passes has failed:
// it has to be taken off the list.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "run.h"
#include "textproto.h"

namespace insightd::conformance {
namespace {

constexpr const char* kUsage =
    "usage: cel_conformance [--gaps FILE] [--verbose] DIR\n"
    "Runs the tests of all *.textproto files in DIR (those of google/cel-spec,\n"
    "tests/simple/testdata).\n"
    "  --gaps FILE  tests that are known to fail, each with its reason\n"
    "  --verbose    names what is skipped as well\n";

std::optional<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

// Lines `name  reason`; a name is `file/section/test`, or `messages` or `unknowns` for a kind.
std::optional<std::map<std::string, std::string>> ReadGaps(const std::string& path) {
  std::map<std::string, std::string> gaps;
  if (path.empty()) return gaps;
  const auto text = ReadFile(path);
  if (!text) {
    fmt::print(stderr, "{}: cannot be read\n", path);
    return std::nullopt;
  }
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || line[0] == '#') continue;
    const std::size_t space = line.find(' ');
    const std::size_t reason = line.find_first_not_of(' ', space);
    if (space == line.npos || reason == line.npos) {
      fmt::print(stderr, "{}: gap without a reason: {}\n", path, line);
      return std::nullopt;
    }
    gaps[line.substr(0, space)] = line.substr(reason);
  }
  return gaps;
}

class Runner {
 public:
  Runner(std::map<std::string, std::string> gaps, bool verbose)
      : gaps_(std::move(gaps)), verbose_(verbose) {}

  void RunFile(const std::string& path) {
    const auto text = ReadFile(path);
    const auto file = text ? ParseTextproto(*text) : Fail(Code::kNotFound, "cannot be read");
    if (!file) {
      Failed(std::filesystem::path(path).filename().string(), file.error().message());
      return;
    }
    const std::string stem = std::filesystem::path(path).stem().string();
    for (const Field* section : file->All("section")) {
      for (const Field* test : section->message.All("test")) {
        RunTest(fmt::format("{}/{}/{}", stem, section->message.Text("name"),
                            test->message.Text("name")),
                test->message);
      }
    }
  }

  int Finish() {
    for (const auto& [reason, count] : skipped_kinds_)
      fmt::print("skipped {}: {}\n", count, reason);
    fmt::print("{} passed, {} failed, {} skipped\n", passed_, failed_, skipped_);
    return failed_ == 0 ? 0 : 1;
  }

 private:
  void RunTest(const std::string& name, const Message& test) {
    const Outcome outcome = Run(test);
    const auto gap = gaps_.find(name);
    if (outcome.passed) {
      if (gap != gaps_.end()) {
        Failed(name, "passes, but is named as a gap; take it off the list");
      } else {
        ++passed_;
      }
      return;
    }
    if (gap != gaps_.end()) return Skipped(name, gap->second);
    for (const auto& [applies, kind] : {std::pair(outcome.needs_messages, "messages"),
                                        std::pair(outcome.needs_unknowns, "unknowns")}) {
      const auto kind_gap = gaps_.find(kind);
      if (applies && kind_gap != gaps_.end()) return Skipped(name, kind_gap->second);
    }
    Failed(name, outcome.why + "\n     " + test.Text("expr"));
  }

  void Failed(const std::string& name, const std::string& why) {
    ++failed_;
    fmt::print("FAIL {}: {}\n", name, why);
  }
  void Skipped(const std::string& name, const std::string& reason) {
    ++skipped_;
    ++skipped_kinds_[reason];
    if (verbose_) fmt::print("skip {}\n", name);
  }

  std::map<std::string, std::string> gaps_;
  bool verbose_;
  int passed_ = 0;
  int failed_ = 0;
  int skipped_ = 0;
  std::map<std::string, int> skipped_kinds_;
};

int Main(const std::vector<std::string>& args) {
  std::string folder;
  std::string gaps_path;
  bool verbose = false;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (args[i] == "--help") {
      fmt::print("{}", kUsage);
      return 0;
    }
    if (args[i] == "--gaps" && i + 1 < args.size()) {
      gaps_path = args[++i];
    } else if (args[i] == "--verbose") {
      verbose = true;
    } else if (folder.empty() && args[i][0] != '-') {
      folder = args[i];
    } else {
      fmt::print(stderr, "unexpected argument '{}'\n{}", args[i], kUsage);
      return 2;
    }
  }
  if (folder.empty()) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  auto gaps = ReadGaps(gaps_path);
  if (!gaps) return 2;
  std::error_code error;
  std::set<std::string> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".textproto") paths.insert(entry.path().string());
  }
  if (error || paths.empty()) {
    fmt::print(stderr, "{}: {}\n", folder, error ? error.message() : "no *.textproto file in it");
    return 2;
  }
  Runner runner(std::move(*gaps), verbose);
  for (const std::string& path : paths) runner.RunFile(path);
  return runner.Finish();
}

}  // namespace
}  // namespace insightd::conformance

int main(int argc, char** argv) {
  std::vector<std::string> args;
  for (int i = 1; i < argc; ++i) args.emplace_back(argv[i]);
  return insightd::conformance::Main(args);
}
