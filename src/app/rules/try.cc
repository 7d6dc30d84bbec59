#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "app/analyze/read_archive.h"
#include "app/rules/find_rule.h"
#include "app/rules/rules.h"
#include "app/rules/workbench.h"
#include "base/json_writer.h"
#include "base/text.h"
#include "blob/embedded/embedded_blob.h"
#include "rules/judge.h"

namespace insightd::app {
namespace {

// Clusters that the table names for a rule; --json names all.
constexpr std::size_t kNamedMax = 20;

struct Seen {
  std::string cluster;  // empty: the archive does not name it
  std::string archive;
};

// What one rule said of all archives, beside the old version of it.
struct Tried {
  const rules::Rule* rule = nullptr;
  const rules::Rule* old_rule = nullptr;  // null: there is none
  std::size_t hits = 0, passes = 0, skips = 0, errors = 0;
  std::size_t old_hits = 0;
  std::vector<Seen> newly;
  std::vector<Seen> no_longer;
  std::vector<std::pair<Seen, std::string>> failed;
  std::vector<double> time_us;
  std::vector<double> old_time_us;
  std::uint64_t steps_worst = 0;
};

// That of all times which `share` of them do not exceed.
double Time(std::vector<double>& times, double share) {
  if (times.empty()) return 0;
  std::sort(times.begin(), times.end());
  return times[static_cast<std::size_t>(share * static_cast<double>(times.size() - 1))];
}

class Trial {
 public:
  Trial(const Workbench& bench, rules::PackPointer old_pack, std::vector<Tried> tried)
      : judge_(bench.rules.pack, bench.settings.rules.Limits()),
        reader_(judge_.wanted(), bench.settings.pipeline.limits),
        tried_(std::move(tried)) {
    if (old_pack == nullptr) return;
    old_judge_.emplace(old_pack, bench.settings.rules.Limits());
    old_reader_.emplace(old_judge_->wanted(), bench.settings.pipeline.limits);
  }

  // An error is of the archive.
  Result<void> Ask(const std::string& archive) {
    Result<archive::FileTree> tree = reader_.Read(archive);
    if (!tree) return Fail(tree.error());
    Seen seen{{}, archive};
    if (const archive::Member* const id = tree->Find(rules::kClusterIdPath)) {
      seen.cluster = Stripped(id->bytes);
    }
    const std::vector<rules::Outcome> now = Outcomes(judge_, *tree, &Tried::rule);
    std::vector<rules::Outcome> before;
    if (old_judge_) {
      Result<archive::FileTree> again = old_reader_->Read(archive);
      if (!again) return Fail(again.error());
      before = Outcomes(*old_judge_, *again, &Tried::old_rule);
    }
    for (std::size_t i = 0; i < tried_.size(); ++i) {
      Count(tried_[i], now[i], before.empty() ? rules::Outcome{} : before[i], seen);
    }
    ++archives_;
    return {};
  }

  std::vector<Tried>& tried() { return tried_; }
  std::size_t archives() const { return archives_; }

 private:
  // One for each rule tried. A single rule is asked alone, so that its time is its own.
  std::vector<rules::Outcome> Outcomes(rules::Judge& judge, archive::FileTree& tree,
                                       const rules::Rule* Tried::*version) {
    std::vector<rules::Outcome> outcomes(tried_.size());
    const rules::JudgeOptions options{.timed = true};
    if (tried_.size() == 1) {
      const rules::Rule* const rule = tried_.front().*version;
      if (rule != nullptr) outcomes.front() = judge.RunOne(*rule, tree, options);
      return outcomes;
    }
    rules::Report report = judge.Run(tree, options);
    for (rules::Outcome& outcome : report.outcomes) {
      for (std::size_t i = 0; i < tried_.size(); ++i) {
        if (tried_[i].*version == outcome.rule) outcomes[i] = std::move(outcome);
      }
    }
    return outcomes;
  }

  static void Count(Tried& tried, const rules::Outcome& now, const rules::Outcome& before,
                    const Seen& seen) {
    const bool hits = now.rule != nullptr && now.kind == rules::OutcomeKind::kHit;
    const bool did_hit = before.rule != nullptr && before.kind == rules::OutcomeKind::kHit;
    tried.hits += hits ? 1 : 0;
    tried.old_hits += did_hit ? 1 : 0;
    tried.passes += now.kind == rules::OutcomeKind::kPass ? 1 : 0;
    tried.skips += now.kind == rules::OutcomeKind::kSkip ? 1 : 0;
    if (now.kind == rules::OutcomeKind::kError) {
      ++tried.errors;
      tried.failed.emplace_back(seen, now.reason);
    }
    if (hits && !did_hit) tried.newly.push_back(seen);
    if (did_hit && !hits) tried.no_longer.push_back(seen);
    tried.time_us.push_back(static_cast<double>(now.time.count()));
    if (before.rule != nullptr) {
      tried.old_time_us.push_back(static_cast<double>(before.time.count()));
    }
    tried.steps_worst = std::max(tried.steps_worst, now.steps);
  }

  rules::Judge judge_;
  ArchiveReader reader_;
  std::optional<rules::Judge> old_judge_;
  std::optional<ArchiveReader> old_reader_;
  std::vector<Tried> tried_;
  std::size_t archives_ = 0;
};

void PrintSeen(std::string_view what, const std::vector<Seen>& list) {
  if (list.empty()) return;
  fmt::print("  {}:\n", what);
  for (std::size_t i = 0; i < std::min(list.size(), kNamedMax); ++i) {
    fmt::print("    {:<36}  {}\n", list[i].cluster.empty() ? "(no cluster id)" : list[i].cluster,
               list[i].archive);
  }
  if (list.size() > kNamedMax) {
    fmt::print("    … {} more; --json names them all\n", list.size() - kNamedMax);
  }
}

void PrintText(Tried& tried, std::size_t archives) {
  fmt::print("{}|{}\n  {} archive{}: {} hit", tried.rule->module, tried.rule->key, archives,
             archives == 1 ? "" : "s", tried.hits);
  if (tried.old_rule != nullptr) {
    fmt::print(" (before: {}; {} newly, {} no longer)", tried.old_hits, tried.newly.size(),
               tried.no_longer.size());
  }
  fmt::print(", {} pass, {} cannot tell, {} fail\n", tried.passes, tried.skips, tried.errors);
  fmt::print("  time: {:.3f} ms in the middle, {:.3f} ms at worst", Time(tried.time_us, 0.5) / 1e3,
             Time(tried.time_us, 1) / 1e3);
  if (!tried.old_time_us.empty()) {
    fmt::print(" (before: {:.3f}, {:.3f} ms)", Time(tried.old_time_us, 0.5) / 1e3,
               Time(tried.old_time_us, 1) / 1e3);
  }
  fmt::print("; steps at worst: {}\n", tried.steps_worst);
  PrintSeen(tried.old_rule == nullptr ? "hits" : "hits newly", tried.newly);
  PrintSeen("hits no longer", tried.no_longer);
  for (std::size_t i = 0; i < std::min(tried.failed.size(), kNamedMax); ++i) {
    fmt::print("  fails on {}: {}\n", tried.failed[i].first.archive, tried.failed[i].second);
  }
}

void WriteSeen(json::JsonWriter& w, std::string_view key, const std::vector<Seen>& list) {
  w.Key(key).BeginArray();
  for (const Seen& seen : list) {
    w.BeginObject().Key("cluster").String(seen.cluster).Key("archive").String(seen.archive);
    w.EndObject();
  }
  w.EndArray();
}

void PrintJson(Tried& tried, std::size_t archives) {
  std::string out;
  json::JsonWriter w(out);
  w.BeginObject().Key("module").String(tried.rule->module).Key("key").String(tried.rule->key);
  w.Key("archives").Uint(archives).Key("hits").Uint(tried.hits).Key("passes").Uint(tried.passes);
  w.Key("skips").Uint(tried.skips).Key("errors").Uint(tried.errors).Key("old_hits");
  tried.old_rule == nullptr ? w.Null() : w.Uint(tried.old_hits);
  WriteSeen(w, "newly", tried.newly);
  WriteSeen(w, "no_longer", tried.no_longer);
  w.Key("failed").BeginArray();
  for (const auto& [seen, reason] : tried.failed) {
    w.BeginObject().Key("cluster").String(seen.cluster).Key("archive").String(seen.archive);
    w.Key("reason").String(reason).EndObject();
  }
  w.EndArray().Key("time_us_median").Double(Time(tried.time_us, 0.5));
  w.Key("time_us_worst").Double(Time(tried.time_us, 1));
  if (!tried.old_time_us.empty()) {
    w.Key("old_time_us_median").Double(Time(tried.old_time_us, 0.5));
    w.Key("old_time_us_worst").Double(Time(tried.old_time_us, 1));
  }
  w.Key("steps_worst").Uint(tried.steps_worst);
  w.EndObject();
  fmt::print("{}\n", out);
}

// The first word is a rule, or a pack: a folder or a file.
bool IsPack(const std::string& word) {
  std::error_code error;
  return std::filesystem::exists(word, error);
}

}  // namespace

ExitCode RunRulesTry(const CommandLine& given) {
  CommandLine line = given;
  if (IsPack(line.rules.rule)) line.rules.packs.push_back(std::exchange(line.rules.rule, {}));
  const auto bench = OpenWorkbench(line);
  if (!bench) {
    fmt::print(stderr, "{}", bench.error().text);
    return bench.error().exit;
  }
  const auto old_pack = LoadRules(line.rules.against);
  if (!old_pack) {
    fmt::print(stderr, "{}", old_pack.error().text);
    return old_pack.error().exit;
  }
  std::vector<Tried> tried;
  bool has_old = false;
  for (const rules::Rule& rule : bench->rules.pack->rules) {
    if (!bench->rules.IsAsked(rule) || !rule.is_enabled || !IsNamed(rule, line.rules.rule)) {
      continue;
    }
    Tried one;
    one.rule = &rule;
    one.old_rule = FindRule(**old_pack, rule.module + "|" + rule.key);
    has_old = has_old || one.old_rule != nullptr;
    tried.push_back(std::move(one));
  }
  if (tried.empty()) return UnknownRule(*bench->rules.pack, line.rules.rule);

  std::vector<std::string> archives = line.rules.archives;
  if (line.rules.stored) {
    const std::string folder = bench->settings.data_dir + "/blob";
    Result<std::vector<std::string>> stored = blob::EmbeddedBlobFiles(folder);
    if (!stored) {
      fmt::print(stderr, "insightd: {}; data_dir or --config says where archives are kept\n",
                 stored.error().message());
      return ExitCode::kUnusable;
    }
    archives.insert(archives.end(), stored->begin(), stored->end());
  }
  if (archives.empty()) {
    fmt::print(stderr, "insightd: no archive to try the rules on: name some, or --stored\n");
    return ExitCode::kUsage;
  }

  Trial trial(*bench, has_old ? *old_pack : nullptr, std::move(tried));
  const bool shows_progress = ::isatty(STDERR_FILENO) == 1;
  ExitCode exit = ExitCode::kGood;
  for (std::size_t i = 0; i < archives.size(); ++i) {
    if (shows_progress) fmt::print(stderr, "\r\x1b[K{} of {} archives", i, archives.size());
    const Result<void> asked = trial.Ask(archives[i]);
    // What is replaced meanwhile is no loss.
    if (asked || (line.rules.stored && asked.error().code() == Code::kNotFound)) continue;
    fmt::print(stderr, "{}insightd: {}: {}\n", shows_progress ? "\r\x1b[K" : "", archives[i],
               asked.error().message());
    // An installation keeps what could not be unpacked too.
    if (!line.rules.stored) exit = ExitCode::kUnreadable;
  }
  if (shows_progress) fmt::print(stderr, "\r\x1b[K");
  for (Tried& one : trial.tried()) {
    line.json ? PrintJson(one, trial.archives()) : PrintText(one, trial.archives());
    if (one.errors > 0 && exit == ExitCode::kGood) exit = ExitCode::kFindings;
  }
  return exit;
}

}  // namespace insightd::app
