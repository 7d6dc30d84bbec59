#include "app/compat/ccx_messaging/program.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <memory>
#include <optional>

#include "app/build_info.h"
#include "app/compat/ccx_messaging/clowder.h"
#include "app/compat/ccx_messaging/configuration.h"
#include "app/compat/ccx_messaging/logging.h"
#include "app/compat/ccx_messaging/records.h"
#include "app/compat/ccx_messaging/to_settings.h"
#include "app/run/run_role.h"
#include "base/log.h"
#include "base/log_printer.h"

namespace insightd::app::ccx {
namespace {

constexpr int kGood = 0;
constexpr int kFailed = 1;
constexpr std::size_t kFileBytesMax = std::size_t{4} << 20;

Result<std::string> ReadFile(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    return Fail(Code::kUnavailable, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  std::string text(kFileBytesMax + 1, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  if (text.size() > kFileBytesMax) {
    return Fail(Code::kTooLarge, fmt::format("{} is over {} bytes", path, kFileBytesMax));
  }
  return text;
}

// A folder for the certificates of the brokers, for this user alone; gone with the object.
class SecretFolder {
 public:
  static Result<SecretFolder> Make() {
    std::string path = (std::filesystem::temp_directory_path() / "ccx-messaging-XXXXXX").string();
    if (::mkdtemp(path.data()) == nullptr) {
      return Fail(Code::kUnavailable, fmt::format("{}: {}", path, std::strerror(errno)));
    }
    return SecretFolder(std::move(path));
  }
  SecretFolder(SecretFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  SecretFolder& operator=(SecretFolder&&) = delete;
  ~SecretFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  explicit SecretFolder(std::string path) : path_(std::move(path)) {}
  std::string path_;
};

struct Loaded {
  Configuration configuration;
  Meant meant;
};

Result<Loaded> Load(const std::string& file, const std::string& folder) {
  Result<std::string> text = ReadFile(file);
  if (!text) return Fail(std::move(text).error());
  Result<Value> tree = ParseYaml(file, *std::move(text));
  if (!tree) return Fail(std::move(tree).error());
  const Environment environment = ProcessVariables();
  std::vector<std::string> notices;
  if (ClowderAskedFor(environment)) {
    const std::string clowder_file = *environment("ACG_CONFIG");
    const Result<std::string> clowder = ReadFile(clowder_file);
    if (!clowder) return Fail(clowder.error());
    auto applied = ApplyClowder(*tree, clowder_file, *clowder, folder);
    if (!applied) return Fail(std::move(applied).error());
    notices = *std::move(applied);
  }
  Substitute(*tree, environment);
  Result<Configuration> configuration = Read(*tree);
  if (!configuration) return Fail(std::move(configuration).error());
  configuration->notices.insert(configuration->notices.begin(), notices.begin(), notices.end());
  Result<Meant> meant = ToSettings(*configuration);
  if (!meant) return Fail(std::move(meant).error());
  return Loaded{*std::move(configuration), *std::move(meant)};
}

int Refuse(std::string_view name, std::string_view why) {
  fmt::print(stderr, "{}: {}\n", name, why);
  return kFailed;
}

int RunFile(std::string_view name, const std::string& file) {
  const Result<SecretFolder> folder = SecretFolder::Make();
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
  return RunRole("pipeline", loaded->meant.settings) == ExitCode::kGood ? kGood : kFailed;
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
      fmt::print(
          "usage: {} [-h] [--version] [config]\n\n"
          "Runs a service of the pipeline as the YAML file `config` says.\n"
          "This is {}; see docs/deploy.md of it.\n",
          name, BuildName());
      return kGood;
    }
    if (word.starts_with('-') || file) {
      return Refuse(name, fmt::format("unrecognized arguments: {}", word));
    }
    file = word;
  }
  if (!file) {
    return Refuse(name,
                  fmt::format("Application configuration not provided. usage: {} CONFIG", name));
  }
  return RunFile(name, *file);
}

}  // namespace insightd::app::ccx
