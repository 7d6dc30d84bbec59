#include "app/compat/ccx_messaging/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>

#include "app/build_info.h"
#include "app/compat/ccx_messaging/clowder.h"
#include "app/compat/ccx_messaging/configuration.h"
#include "app/compat/ccx_messaging/logging.h"
#include "app/compat/ccx_messaging/records.h"
#include "app/compat/ccx_messaging/to_settings.h"
#include "app/compat/common/clowder_json.h"
#include "app/compat/common/environment.h"
#include "app/compat/common/files.h"
#include "app/compat/common/own_variables.h"
#include "app/run/run_role.h"
#include "base/log.h"
#include "base/log_printer.h"

namespace insightd::app::ccx {
namespace {

constexpr int kGood = 0;
constexpr int kFailed = 1;
constexpr int kWrongWords = 2;

struct Loaded {
  Configuration configuration;
  Meant meant;
};

Result<void> ApplyOwnVariables(Settings& settings) {
  const std::vector<std::string> mistakes = compat::ApplyOwnVariables(settings);
  if (mistakes.empty()) return {};
  return Fail(Code::kInvalid, fmt::format("{}", fmt::join(mistakes, "\n")));
}

Result<Loaded> Load(const std::string& file, const std::string& folder) {
  Result<std::string> text = compat::ReadFile(file);
  if (!text) return Fail(std::move(text).error());
  Result<Value> tree = ParseYaml(file, *std::move(text));
  if (!tree) return Fail(std::move(tree).error());
  const Environment environment = compat::ProcessVariables();
  std::vector<std::string> notices = EnvironmentNotices(environment);
  if (ClowderAskedFor(environment)) {
    const std::string clowder_file = *environment(compat::kClowderVariable);
    const Result<std::string> clowder = compat::ReadFile(clowder_file);
    if (!clowder) return Fail(clowder.error());
    auto applied = ApplyClowder(*tree, clowder_file, *clowder, folder);
    if (!applied) return Fail(std::move(applied).error());
    notices.insert(notices.end(), applied->begin(), applied->end());
  }
  Substitute(*tree, environment);
  Result<Configuration> configuration = Read(*tree);
  if (!configuration) return Fail(std::move(configuration).error());
  configuration->notices.insert(configuration->notices.begin(), notices.begin(), notices.end());
  // Once before, so that notices tell what is in force, and once behind, since they count first.
  Settings own;
  if (auto applied = ApplyOwnVariables(own); !applied) return Fail(std::move(applied).error());
  if (auto trusted = TrustFilesOf(environment, own); !trusted) return Fail(trusted.error());
  Result<Meant> meant = ToSettings(*configuration, std::move(own));
  if (!meant) return Fail(std::move(meant).error());
  if (auto applied = ApplyOwnVariables(meant->settings); !applied) return Fail(applied.error());
  return Loaded{*std::move(configuration), *std::move(meant)};
}

void PrintUsage(std::FILE* to, std::string_view name) {
  fmt::print(to, "usage: {} [-h] [--version] [config]\n", name);
}

int Refuse(std::string_view name, std::string_view why) {
  fmt::print(stderr, "{}: {}\n", name, why);
  return kFailed;
}

int RunFile(std::string_view name, const std::string& file) {
  const auto folder = compat::SecretFolder::Make("ccx-messaging");
  if (!folder) return Refuse(name, folder.error().message());
  const Result<Loaded> loaded = Load(file, folder->path());
  if (!loaded) return Refuse(name, loaded.error().message());
  const Configuration& configuration = loaded->configuration;

  log::Options options;
  options.level_min = log::Level::kDebug;  // what is written the file says
  if (!configuration.logging.file.empty()) {
    options.fd =
        ::open(configuration.logging.file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (options.fd < 0) {
      return Refuse(name, fmt::format("service.logging: {}: {}", configuration.logging.file,
                                      std::strerror(errno)));
    }
  }
  log::Configure(std::move(options));
  log::SetPrinter([records = std::make_shared<Records>(configuration)](const log::Record& record) {
    return records->Print(record);
  });
  constexpr log::Logger kLog("ccx_messaging");
  for (const std::string& notice : loaded->meant.notices) kLog.Warn("", notice);
  return RunRole(loaded->meant.role, loaded->meant.settings) == ExitCode::kGood ? kGood : kFailed;
}

}  // namespace

int Run(std::string_view name, const std::vector<std::string>& words) {
  std::optional<std::string> file;
  for (const std::string& word : words) {
    if (word == "--version") {
      fmt::print(stderr, "{} version: {}\n{}\n", name, BuildVersion(), BuildName());
      return kGood;
    }
    if (word == "-h" || word == "--help") {
      PrintUsage(stdout, name);
      fmt::print(
          "\nRuns a service of the pipeline as the YAML file `config` says.\n"
          "This is {}; see docs/deploy.md of it.\n",
          BuildName());
      return kGood;
    }
    if (word.starts_with('-') || file) {
      PrintUsage(stderr, name);
      fmt::print(stderr, "{}: error: unrecognized arguments: {}\n", name, word);
      return kWrongWords;
    }
    file = word;
  }
  if (!file) {
    // A line of the original's log, so without the name of the program.
    fmt::print(stderr,
               "Application configuration not provided. Use '{} <config>' to run the "
               "application\n",
               name);
    return kFailed;
  }
  return RunFile(name, *file);
}

}  // namespace insightd::app::ccx
