#include "app/compat/cleaner/listing.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

namespace insightd::app::cleaner {
namespace {

using compat::GoLog;

// The file of -output. One that cannot be made is told, and the listing goes on.
class OutputFile {
 public:
  OutputFile(const std::string& path, GoLog& log) : path_(path), log_(log) {
    if (path.empty()) return;
    file_.reset(std::fopen(path.c_str(), "we"));
    if (!file_) log_.Error("File open", {{"error", Why()}});
  }
  ~OutputFile() {
    if (file_ && std::fclose(file_.release()) != 0) log_.Error("File close", {{"error", Why()}});
  }
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  void Write(const std::string& line) {
    if (file_ && std::fwrite(line.data(), 1, line.size(), file_.get()) != line.size()) {
      log_.Error("Write to file", {{"error", Why()}});
    }
  }

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  std::string Why() const { return fmt::format("{}: {}", path_, std::strerror(errno)); }

  const std::string path_;
  GoLog& log_;
  std::unique_ptr<std::FILE, Close> file_;
};

// In days that have begun.
std::int64_t AgeOf(Time time, Time now) {
  return std::chrono::ceil<std::chrono::days>(now - time).count();
}

Error NullIn(std::string_view column, std::string_view table) {
  return {Code::kInvalid, fmt::format("{} of a row of {} is NULL", column, table)};
}

template <class Work>
Result<void> Between(GoLog& log, const std::string& what, std::string_view counted,
                     const Work& work) {
  log.Info(what + " begin");
  std::int64_t count = 0;
  if (Result<void> done = work(count); !done) {
    log.Error("Query error", {{"error", done.error().message()}});
    return done;
  }
  log.Info(what + " end", {{counted, count}});
  return {};
}

Result<void> ListReports(store::Maintenance& database, store::Part part, Time before, Time now,
                         const std::string& output, GoLog& log) {
  const bool results = part == store::Part::kResults;
  const std::string name = results ? "OCP" : "DVO";
  OutputFile file(output, log);
  return Between(
      log, fmt::format("List of old {} reports", name), "reports count",
      [&](std::int64_t& count) -> Result<void> {
        const store::Visit<store::OldReport> visit =
            [&](const store::OldReport& report) -> Result<void> {
          if (!report.reported) return Fail(NullIn("reported_at", name));
          if (!report.last_checked) return Fail(NullIn("last_checked_at", name));
          const std::int64_t age = AgeOf(*report.reported, now);
          const std::string reported = FormatTimeSeconds(*report.reported);
          const std::string checked = FormatTimeSeconds(*report.last_checked);
          log.Info(results ? "Old OCP report" : "Old DVO report", {{"cluster", report.cluster},
                                                                   {"reported", reported},
                                                                   {"lastChecked", checked},
                                                                   {"age", age}});
          const std::string line =
              fmt::format("{},{},{},{}\n", report.cluster, reported, checked, age);
          file.Write(results ? line : fmt::format("{},{}", report.org_id, line));
          ++count;
          return {};
        };
        return results ? database.OldReports(before, visit) : database.OldWorkloads(before, visit);
      });
}

Result<void> ListRatings(store::Maintenance& database, Time before, Time now, GoLog& log) {
  return Between(
      log, "List of old Advisor ratings", "ratings count",
      [&](std::int64_t& count) -> Result<void> {
        return database.OldRatings(before, [&](const store::OldRating& rating) -> Result<void> {
          if (!rating.rating) return Fail(NullIn("rating", "advisor_ratings"));
          log.Info("Old Advisor rating", {{"organization", rating.org_id},
                                          {"rule FQDN", rating.rule_fqdn},
                                          {"error key", rating.error_key},
                                          {"rating", *rating.rating},
                                          {"updated at", FormatTimeSeconds(*rating.updated)},
                                          {"rating age", AgeOf(*rating.updated, now)}});
          ++count;
          return {};
        });
      });
}

Result<void> ListErrors(store::Maintenance& database, Time before, Time now, GoLog& log) {
  return Between(
      log, "List of old consumer errors", "errors count", [&](std::int64_t& count) -> Result<void> {
        return database.OldConsumerErrors(
            before, [&](const store::OldConsumerError& error) -> Result<void> {
              if (!error.key) return Fail(NullIn("key", "consumer_error"));
              if (!error.message) return Fail(NullIn("message", "consumer_error"));
              log.Info("Old consumer error", {{"topic", error.topic},
                                              {"partition", error.partition},
                                              {"offset", error.offset},
                                              {"key", *error.key},
                                              {"message", *error.message},
                                              {"consumed", FormatTimeSeconds(*error.consumed)},
                                              {"error age", AgeOf(*error.consumed, now)}});
              ++count;
              return {};
            });
      });
}

}  // namespace

Result<void> ListOld(store::Maintenance& database, store::Part part, const std::string& max_age,
                     const std::string& output, GoLog& log) {
  const auto now = database.TimeBefore("0 seconds");
  if (!now) return Fail(now.error());
  const auto before = database.TimeBefore(max_age);
  if (!before) return Fail(before.error());
  auto listed = ListReports(database, part, *before, *now, output, log);
  if (!listed || part == store::Part::kWorkloads) return listed;
  if (listed = ListRatings(database, *before, *now, log); !listed) return listed;
  return ListErrors(database, *before, *now, log);
}

Result<void> ListRepeatedDisables(store::Maintenance& database, const std::string& output,
                                  GoLog& log) {
  OutputFile file(output, log);
  return database.RepeatedDisables([&](const store::RepeatedDisable& one) -> Result<void> {
    log.Info("Multiple rule disable", {{"table", one.table},
                                       {"org ID", one.org_id},
                                       {"cluster", one.cluster},
                                       {"rule ID", one.rule},
                                       {"count", one.rows}});
    file.Write(fmt::format("{},{},{},{}\n", one.org_id, one.cluster, one.rule, one.rows));
    return {};
  });
}

}  // namespace insightd::app::cleaner
