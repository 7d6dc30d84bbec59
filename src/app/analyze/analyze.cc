#include "app/analyze/analyze.h"

#include <fmt/core.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "app/analyze/format.h"
#include "app/analyze/read_archive.h"
#include "app/load_rules.h"
#include "app/settings.h"
#include "rules/judge.h"
#include "rules/risk.h"

namespace insightd::app {
namespace {

// Archives that may be judged ahead of the one to be printed next, for each thread.
constexpr std::size_t kAheadPerThread = 4;

// Of a line of text where it cannot be told, and at least.
constexpr std::size_t kWidth = 100;
constexpr std::size_t kWidthMin = 40;

std::size_t WidthOf(std::FILE* out) {
  winsize size{};
  if (::ioctl(::fileno(out), TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return kWidth;
  return std::max<std::size_t>(size.ws_col, kWidthMin);
}

struct Printed {
  std::string text;
  std::string complaint;  // for standard error
  ExitCode exit = ExitCode::kGood;
};

// What one thread works with, again and again.
class Analyst {
 public:
  Analyst(rules::PackPointer pack, const Settings& settings, const AnalyzeArguments& arguments,
          bool as_json, TableOptions table)
      : judge_(std::move(pack), settings.rules.Limits()),
        reader_(judge_.wanted(), settings.pipeline.limits),
        evidence_(as_json || arguments.evidence),
        fail_on_(rules::ParseRisk(arguments.fail_on).value_or(rules::kRiskMax + 1)),
        as_json_(as_json),
        table_(table) {}

  Printed Analyze(const std::string& path) {
    Result<archive::FileTree> tree = reader_.Read(path);
    if (!tree) {
      Printed printed{.text = {}, .complaint = {}, .exit = ExitCode::kUnreadable};
      if (as_json_) {
        printed.text = FormatJsonError(path, tree.error());
      } else {
        printed.complaint = fmt::format("insightd: {}: {}\n", path, tree.error().message());
      }
      return printed;
    }
    const rules::Report report = judge_.Run(*tree, {.evidence = evidence_});
    return {.text = as_json_ ? FormatJson(path, report, table_.texts)
                             : FormatTable(path, report, table_),
            .complaint = {},
            .exit = IsFinding(report) ? ExitCode::kFindings : ExitCode::kGood};
  }

 private:
  bool IsFinding(const rules::Report& report) const {
    return std::any_of(report.outcomes.begin(), report.outcomes.end(), [this](const auto& outcome) {
      return outcome.kind == rules::OutcomeKind::kHit &&
             outcome.rule->kind == rules::RuleKind::kRule && outcome.rule->total_risk() >= fail_on_;
    });
  }

  rules::Judge judge_;
  ArchiveReader reader_;
  const bool evidence_;
  const int fail_on_;
  const bool as_json_;
  const TableOptions table_;
};

// Hands out archives to threads and takes what is to be printed in order.
class Queue {
 public:
  Queue(std::size_t archives, std::size_t ahead_max) : printed_(archives), ahead_max_(ahead_max) {}

  std::optional<std::size_t> Take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return next_ == printed_.size() || next_ < front_ + ahead_max_; });
    if (next_ == printed_.size()) return std::nullopt;
    return next_++;
  }
  void Give(std::size_t index, Printed printed) {
    const std::lock_guard lock(mutex_);
    printed_[index] = std::move(printed);
    changed_.notify_all();
  }
  // What nobody has taken yet is not wanted any more.
  void End() {
    const std::lock_guard lock(mutex_);
    next_ = printed_.size();
    changed_.notify_all();
  }
  Printed AwaitFront() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return printed_[front_].has_value(); });
    Printed printed = *std::move(printed_[front_]);
    printed_[front_].reset();
    ++front_;
    changed_.notify_all();
    return printed;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::optional<Printed>> printed_;
  const std::size_t ahead_max_;
  std::size_t next_ = 0;
  std::size_t front_ = 0;
};

// "12 of 100 archives", rewritten in place; only on a terminal and only for several.
class Progress {
 public:
  Progress(std::FILE* err, std::size_t archives)
      : err_(err), archives_(archives), shown_(archives > 1 && ::isatty(::fileno(err)) == 1) {}
  ~Progress() { Clear(); }
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void Clear() {
    if (shown_) fmt::print(err_, "\r\x1b[K");
  }
  void Show(std::size_t done) {
    if (shown_) fmt::print(err_, "\r{} of {} archives", done, archives_);
  }

 private:
  std::FILE* err_;
  const std::size_t archives_;
  const bool shown_;
};

}  // namespace

ExitCode RunAnalyze(const CommandLine& line, std::FILE* out, std::FILE* err) {
  const AnalyzeArguments& arguments = line.analyze;
  const bool as_json = line.json;
  Settings settings;
  settings::Table table;
  settings.AddTo(table);
  const std::vector<std::string> mistakes =
      LoadSettings(line.config, table, /*default_if_allowed=*/true);
  for (const std::string& mistake : mistakes) fmt::print(err, "insightd: {}\n", mistake);
  if (!mistakes.empty()) return ExitCode::kUsage;
  const auto pack = LoadRules(arguments.packs);
  if (!pack) {
    fmt::print(err, "{}", pack.error().text);
    return pack.error().exit;
  }
  const std::vector<std::string>& paths = arguments.archives;
  const std::size_t cores = std::max<std::size_t>(1, std::thread::hardware_concurrency());
  const std::size_t jobs = arguments.jobs > 0 ? static_cast<std::size_t>(arguments.jobs) : cores;
  const std::size_t threads = std::min(jobs, paths.size());
  const std::shared_ptr<const content::Catalogue> catalogue =
      arguments.texts ? content::Catalogue::FromPack(**pack) : nullptr;
  const TableOptions table_options{.all = arguments.all,
                                   .color = !as_json && ::isatty(::fileno(out)) == 1,
                                   .texts = catalogue.get(),
                                   .width = WidthOf(out)};

  Queue queue(paths.size(), threads * kAheadPerThread);
  std::vector<std::jthread> workers;
  workers.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) {
    workers.emplace_back([&] {
      Analyst analyst(*pack, settings, arguments, as_json, table_options);
      while (const std::optional<std::size_t> index = queue.Take()) {
        queue.Give(*index, analyst.Analyze(paths[*index]));
      }
    });
  }

  ExitCode exit = ExitCode::kGood;
  Progress progress(err, paths.size());
  for (std::size_t i = 0; i < paths.size(); ++i) {
    progress.Show(i);
    const Printed printed = queue.AwaitFront();
    progress.Clear();
    if (i > 0 && !as_json && !printed.text.empty()) std::fputc('\n', out);
    std::fwrite(printed.text.data(), 1, printed.text.size(), out);
    if (std::fflush(out) != 0 || std::ferror(out) != 0) {
      fmt::print(err, "insightd: cannot write the result of {}: {}\n", paths[i],
                 std::strerror(errno));
      queue.End();
      return ExitCode::kInternal;
    }
    fmt::print(err, "{}", printed.complaint);
    exit = Worse(exit, printed.exit);
  }
  return exit;
}

}  // namespace insightd::app
