#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>
#include <vector>

#include "app/commands/commands.h"
#include "app/commands/maintained.h"
#include "app/compat/common/go_log.h"
#include "app/exporting/export.h"
#include "app/exporting/sink.h"
#include "app/settings.h"
#include "base/json_writer.h"
#include "base/log.h"
#include "base/text.h"
#include "store/maintenance.h"

namespace insightd::app {
namespace {

using exporting::Sink;
using exporting::Written;
using store::Snapshot;
using store::Table;

ExitCode Complain(std::string_view what, ExitCode exit) {
  fmt::print(stderr, "insightd: {}\n", what);
  return exit;
}

Result<std::unique_ptr<Sink>> OpenSink(const Settings& settings, const std::string& target) {
  if (target == "s3") {
    blob::S3BlobOptions options = settings.s3.Options();
    if (!settings.exports.s3_bucket.empty()) options.bucket = settings.exports.s3_bucket;
    return exporting::OpenS3Sink(std::move(options), settings.exports.s3_prefix);
  }
  std::error_code failed;
  std::filesystem::create_directories(target, failed);
  if (failed) {
    return Fail(Code::kUnavailable, fmt::format("{}: {}", target, failed.message()));
  }
  return exporting::MakeFolderSink(target);
}

class Exporter {
 public:
  Exporter(const CommandLine& line, Snapshot& snapshot, Sink& sink, store::Selection selection)
      : line_(line), snapshot_(snapshot), sink_(sink), selection_(std::move(selection)) {}

  Result<void> Run() {
    Note("export begins", {{"to", sink_.Shown()}});
    auto tables = snapshot_.Tables();
    if (!tables) return Fail(std::move(tables).error());
    if (!line_.exports.own) std::erase_if(*tables, [](const Table& table) { return table.own; });
    std::sort(tables->begin(), tables->end(),
              [](const Table& one, const Table& other) { return one.name < other.name; });
    if (auto known = CheckIgnored(*tables); !known) return known;
    if (line_.exports.metadata) {
      if (auto done = WriteMetadata(*tables); !done) return done;
    }
    if (line_.exports.disabled_rules) {
      const auto rules = snapshot_.DisabledRules(selection_);
      if (!rules) return Fail(rules.error());
      if (auto done =
              exporting::WriteDisabledRules(*rules, {.name = exporting::kDisabledRulesFile}, sink_);
          !done) {
        return done;
      }
    }
    for (const Table& table : *tables) {
      if (Ignored(table.name)) continue;
      if (auto done = WriteTable(table); !done) return done;
    }
    Note("export ends", {{"tables", files_}, {"rows", rows_}});
    if (!line_.exports.log) return {};
    return exporting::WriteFile(
        sink_, {.name = exporting::kLogFile, .type = exporting::ContentType::kText}, log_);
  }

 private:
  bool Ignored(std::string_view name) const {
    const auto& ignored = line_.exports.ignored;
    return std::find(ignored.begin(), ignored.end(), name) != ignored.end();
  }

  Result<void> CheckIgnored(const std::vector<Table>& tables) const {
    std::vector<std::string_view> names;
    for (const Table& table : tables) names.push_back(table.name);
    for (const std::string& name : line_.exports.ignored) {
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      const std::string_view nearest = Nearest(name, names);
      return Fail(Code::kInvalid,
                  fmt::format("there is no table `{}` to leave out{}", name,
                              nearest.empty() ? "" : fmt::format("; did you mean `{}`?", nearest)));
    }
    return {};
  }

  Result<void> WriteMetadata(const std::vector<Table>& tables) {
    if (auto done = exporting::WriteTableNames(tables, sink_); !done) return done;
    std::vector<exporting::TableCount> counts;
    for (const Table& table : tables) {
      const auto rows = snapshot_.Count(table, selection_);
      if (!rows) return Fail(rows.error());
      counts.push_back({table.name, *rows});
    }
    return exporting::WriteMetadata(counts, sink_);
  }

  Result<void> WriteTable(const Table& table) {
    const microseconds begun = SystemClock().Steady();
    store::Selection selection = selection_;
    selection.rows_max = line_.exports.rows_max;
    const auto written =
        exporting::WriteTable(snapshot_, table, selection, exporting::Nulls::kEmpty, sink_);
    if (!written) return Fail(Error(written.error()).While(table.name));
    const double took = static_cast<double>((SystemClock().Steady() - begun).count()) / 1e6;
    ++files_;
    rows_ += written->rows;
    Note("table exported", {{"table", table.name},
                            {"rows", written->rows},
                            {"bytes", written->bytes},
                            {"seconds", took}});
    if (!line_.json) {
      fmt::print("{:<36} {:>12} rows {:>14} bytes {:>9.3f} s\n", table.name, written->rows,
                 written->bytes, took);
    } else {
      std::string out;
      json::JsonWriter w(out);
      w.BeginObject().Key("table").String(table.name).Key("rows").Int(written->rows);
      w.Key("bytes").Uint(written->bytes).Key("seconds").Double(took).EndObject();
      fmt::print("{}\n", out);
    }
    std::fflush(stdout);  // the next may take long
    return {};
  }

  void Note(std::string_view message, log::Fields fields) {
    if (line_.exports.log) {
      log_ += compat::GoLogLine(log::Level::kInfo, message, fields) + "\n";
    }
  }

  const CommandLine& line_;
  Snapshot& snapshot_;
  Sink& sink_;
  const store::Selection selection_;
  std::string log_;
  std::int64_t files_ = 0;
  std::int64_t rows_ = 0;
};

}  // namespace

ExitCode RunExport(const CommandLine& line) {
  Settings settings;
  settings::Table table;
  settings.AddTo(table);
  const std::vector<std::string> mistakes = LoadSettings(line.config, table);
  for (const std::string& mistake : mistakes) fmt::print(stderr, "insightd: {}\n", mistake);
  if (!mistakes.empty()) return ExitCode::kUsage;
  log::Configure({.instance = "", .version = "", .level_min = log::Level::kError, .fd = 2});

  store::Selection selection;
  if (!line.exports.organizations_file.empty()) {
    auto organizations = exporting::ReadOrganizations(line.exports.organizations_file);
    if (!organizations) return Complain(organizations.error().message(), ExitCode::kUnreadable);
    selection.organizations = *std::move(organizations);
  }
  const auto complain = [](const Error& error) {
    return Complain(error.message(),
                    error.code() == Code::kInvalid ? ExitCode::kUsage : ExitCode::kUnusable);
  };
  auto database = OpenMaintained(settings, "insightd export", true);
  if (!database) return complain(database.error());
  auto snapshot = (*database)->TakeSnapshot();
  if (!snapshot) return complain(snapshot.error());
  auto sink = OpenSink(settings, line.exports.target);
  if (!sink) return complain(sink.error());
  const auto done = Exporter(line, **snapshot, **sink, std::move(selection)).Run();
  return done ? ExitCode::kGood : complain(done.error());
}

}  // namespace insightd::app
