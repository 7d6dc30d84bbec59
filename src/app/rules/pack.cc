#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "app/key_file.h"
#include "app/load_rules.h"
#include "app/rules/rules.h"
#include "rules/pack_file.h"
#include "rules/rule_tests.h"

namespace insightd::app {
namespace {

// Whole or not at all.
bool WriteFile(const std::string& path, const std::string& bytes) {
  const std::string unfinished = path + ".unfinished";
  std::FILE* file = std::fopen(unfinished.c_str(), "wb");
  bool good = file != nullptr && std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  good = file != nullptr && std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0 && good;
  if (file != nullptr) good = std::fclose(file) == 0 && good;
  good = good && std::rename(unfinished.c_str(), path.c_str()) == 0;
  if (!good) {
    const int reason = errno;
    if (file != nullptr) ::unlink(unfinished.c_str());
    fmt::print(stderr, "insightd: cannot write {}: {}\n", path, std::strerror(reason));
  }
  return good;
}

// Whether all tests of the pack's own rules pass.
bool TestsPass(const LoadedRules& loaded, const std::string& folder) {
  std::size_t failed = 0;
  for (const rules::TestResult& result :
       rules::RunRuleTests(loaded.pack, loaded.files,
                           [&loaded](const rules::Rule& rule) { return loaded.IsAsked(rule); })) {
    if (result.verdict != rules::TestVerdict::kFailed) continue;
    ++failed;
    fmt::print(stderr, "FAILED {}: {}\n  {}:{}\n", result.rule->Id(), result.test->name,
               result.rule->source->name(), result.test->place.line);
  }
  if (failed > 0) {
    fmt::print(stderr,
               "insightd: {} of the pack's tests failed, so no file is made; `insightd rules test "
               "{}` shows why\n",
               failed, folder);
  }
  return failed == 0;
}

}  // namespace

ExitCode RunRulesPack(const RulesArguments& arguments) {
  const std::string& folder = arguments.packs.front();
  std::optional<rules::PrivateKey> key;
  if (!arguments.key.empty()) {
    Result<rules::PrivateKey> read = ReadPrivateKey(arguments.key);
    if (!read) {
      fmt::print(stderr, "insightd: --key: {}\n", read.error().message());
      return ExitCode::kUsage;
    }
    key = *std::move(read);
  }
  const auto loaded = LoadRulesWithFiles(arguments.packs, {.apply_overrides = false});
  if (!loaded) {
    fmt::print(stderr, "{}", loaded.error().text);
    return loaded.error().exit;
  }
  if (!TestsPass(*loaded, folder)) return ExitCode::kFindings;
  // The one that was named is the last: what it extends comes before it.
  const rules::PackInfo& info = loaded->pack->packs.back();
  const rules::PackFiles& files = loaded->files.back();
  const Result<std::string> bytes =
      rules::WritePackFile(files, info.name, info.version, key ? &*key : nullptr);
  if (!bytes) {
    fmt::print(stderr, "insightd: {}: {}\n", folder, bytes.error().message());
    return ExitCode::kFindings;
  }
  const std::string path =
      arguments.output.empty() ? info.Title() + std::string(rules::kPackFileEnd) : arguments.output;
  if (!WriteFile(path, *bytes)) return ExitCode::kInternal;
  fmt::print("{}: {} {}, {} files, {} bytes, {}\n", path, info.name, info.version,
             files.files.size(), bytes->size(),
             key ? "signed by " + key->public_key().Fingerprint() : std::string("not signed"));
  return ExitCode::kGood;
}

}  // namespace insightd::app
