#include "app/compat/exporter/run_export.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "app/compat/common/maintained.h"
#include "app/exporting/export.h"
#include "app/exporting/sink.h"
#include "store/maintenance.h"

namespace insightd::app::exporter {
namespace {

using compat::GoLog;
using exporting::FileName;
using exporting::Sink;
using store::Table;

class Run {
 public:
  Run(const Configuration& configuration, const Request& request, OperationLog& operation,
      GoLog& log)
      : configuration_(configuration), request_(request), operation_(operation), log_(log) {}

  int Export() {
    operation_.Info("Retrieving connection to storage");
    auto database = Open();
    if (!database) {
      const std::string why = database.error().message();
      log_.Error("Operation failed", {{"error", why}});
      operation_.Error("Unable to retrieve connection to storage", {{"error", why}});
      return Failed(kStorageFailed, database.error());
    }
    operation_.Info(to_s3() ? "Exporting to S3" : "Exporting to file");
    operation_.Info("Reading list of tables");
    auto snapshot = (*database)->TakeSnapshot();
    if (!snapshot) return FailedOperation(kStorageFailed, snapshot.error());
    auto tables = TablesOf(**snapshot);
    if (!tables) return FailedOperation(kStorageFailed, tables.error());
    Tell(*tables);

    auto sink = OpenSink();
    if (!sink) {
      // What could be mended in the configuration, and what fails with the first file.
      const bool mistake = sink.error().code() == Code::kInvalid;
      return FailedOperation(mistake ? kS3Failed : kStorageFailed, sink.error());
    }
    if (const int exit = WriteFiles(**snapshot, *tables, **sink); exit != kGood) return exit;
    operation_.Info("Closing connection to storage");
    log_.Info("Closing connection to data storage");
    return kGood;
  }

  Result<std::unique_ptr<Sink>> OpenSink() {
    if (!to_s3()) return exporting::MakeFolderSink(".");
    log_.Info("Preparing connection", {{"S3 endpoint", EndpointOf(configuration_.s3)}});
    auto sink = exporting::OpenS3Sink(OptionsOf(configuration_.s3), configuration_.s3.prefix);
    if (sink) log_.Info("Connection established");
    return sink;
  }

 private:
  bool to_s3() const { return request_.output == "S3"; }

  int Failed(int exit, const Error& error) {
    log_.Error("Do selected operation", {{"error", error.message()}});
    return exit;
  }
  int FailedOperation(int exit, const Error& error) {
    return FailedWith(exit, "Operation failed", error);
  }
  int FailedWith(int exit, std::string_view what, const Error& error) {
    log_.Error(what, {{"error", error.message()}});
    operation_.Error(what, {{"error", error.message()}});
    return Failed(exit, error);
  }

  Result<std::unique_ptr<store::Maintenance>> Open() {
    log_.Info("Initializing connection to storage");
    const Storage& storage = configuration_.storage;
    if (storage.db_driver != "postgres" && storage.db_driver != "sqlite3") {
      Error error(Code::kInvalid, fmt::format("driver {} is not supported", storage.db_driver));
      log_.Error("Unsupported driver", {{"error", error.message()}});
      return Fail(std::move(error));
    }
    log_.Info("Making connection to data storage",
              {{"driver", storage.db_driver}, {"datasource", ShownDatasource(storage)}});
    auto database = compat::OpenMaintained({.db_driver = storage.db_driver,
                                            .sqlite_datasource = storage.sqlite_datasource,
                                            .pg = storage.pg,
                                            .application = "insights-results-aggregator-exporter",
                                            .read_only = true});
    if (!database) {
      log_.Error("Can not connect to data storage", {{"error", database.error().message()}});
      return database;
    }
    if (storage.enable_org_id_filtering) {
      auto organizations = exporting::ReadOrganizations(storage.organization_ids_csv_file);
      if (!organizations) return Fail(std::move(organizations).error());
      selection_.organizations = *std::move(organizations);
    }
    log_.Info("Connection to storage established");
    return database;
  }

  // What is ours, and what belongs to the workloads, nobody expects.
  static Result<std::vector<Table>> TablesOf(store::Snapshot& snapshot) {
    auto all = snapshot.Tables();
    if (!all) return all;
    std::erase_if(*all, [](const Table& table) { return table.own || table.workloads; });
    return all;
  }

  void Tell(const std::vector<Table>& tables) {
    log_.Info("List of tables", {{to_s3() ? "tables count" : "count", tables.size()}});
    std::int64_t number = 0;
    for (const Table& table : tables) {
      log_.Info("Table in database", {{"#", ++number}, {"table", table.name}});
    }
    if (to_s3()) {
      log_.Info("S3 bucket to write to",
                {{"bucket name", configuration_.s3.bucket}, {"prefix", configuration_.s3.prefix}});
    }
  }

  int WriteFiles(store::Snapshot& snapshot, const std::vector<Table>& tables, Sink& sink) {
    if (request_.metadata) {
      if (const int exit = WriteMetadata(snapshot, tables, sink); exit != kGood) return exit;
    }
    if (request_.disabled_rules) {
      if (const int exit = WriteDisabledRules(snapshot, sink); exit != kGood) return exit;
    }
    operation_.Info("Exporting tables");
    for (const Table& table : tables) {
      if (request_.ignored.contains(table.name)) {
        operation_.Info("Table is ignored, skipping export", {{"Table name", table.name}});
        continue;
      }
      operation_.Info("Exporting table", {{"Table name", table.name}});
      TellColumns(table);
      store::Selection selection = selection_;
      if (request_.rows_max > 0) selection.rows_max = request_.rows_max;
      const auto written =
          exporting::WriteTable(snapshot, table, selection, exporting::Nulls::kZero, sink);
      if (!written) {
        const std::string_view what =
            to_s3() ? "Store table into S3 failed" : "Store table into file failed";
        const log::Fields fields = {{"error", written.error().message()},
                                    {"Table name", table.name}};
        log_.Error(what, fields);
        operation_.Error(what, fields);
        return Failed(kStorageFailed, written.error());
      }
      log_.Info("Table exported", {{"table name", table.name}, {"record count", written->rows}});
    }
    return kGood;
  }

  int WriteMetadata(store::Snapshot& snapshot, const std::vector<Table>& tables, Sink& sink) {
    operation_.Info("Exporting metadata");
    if (const auto done = exporting::WriteTableNames(tables, sink); !done) {
      return FailedWith(
          kStorageFailed,
          to_s3() ? "Store table list to S3 failed" : "Store table list to file failed",
          done.error());
    }
    const std::string_view what =
        to_s3() ? "Store tables metadata to S3 failed" : "Store tables metadata to file failed";
    std::vector<exporting::TableCount> counts;
    for (const Table& table : tables) {
      const auto rows = snapshot.Count(table, selection_);
      if (!rows) return FailedWith(kStorageFailed, what, rows.error());
      log_.Info("records in table", {{"table name", table.name}, {"record count", *rows}});
      counts.push_back({table.name, *rows});
    }
    if (const auto done = exporting::WriteMetadata(counts, sink); !done) {
      return FailedWith(kStorageFailed, what, done.error());
    }
    return kGood;
  }

  int WriteDisabledRules(store::Snapshot& snapshot, Sink& sink) {
    operation_.Info("Exporting disabled rules");
    const auto rules = snapshot.DisabledRules(selection_);
    if (!rules) {
      return FailedWith(kStorageFailed, "Read disabled rules info failed", rules.error());
    }
    const auto done = exporting::WriteDisabledRules(
        *rules, {.name = exporting::kDisabledRulesFile, .without_prefix = true}, sink);
    if (done) return kGood;
    return FailedWith(kFilesFailed, "Store disabled rules into file failed", done.error());
  }

  void TellColumns(const Table& table) {
    log_.Info("table metadata", {{"table columns", table.name}, {"columns", table.columns.size()}});
    std::int64_t number = 0;
    for (const store::Column& column : table.columns) {
      log_.Info("column type",
                {{"name", column.name}, {"type", column.type}, {"column", ++number}});
    }
  }

  const Configuration& configuration_;
  const Request& request_;
  OperationLog& operation_;
  GoLog& log_;
  store::Selection selection_;
};

}  // namespace

int RunExport(const Configuration& configuration, const Request& request, OperationLog& operation,
              GoLog& log) {
  return Run(configuration, request, operation, log).Export();
}

int StoreOperationLog(const Configuration& configuration, const Request& request,
                      const OperationLog& operation, GoLog& log) {
  OperationLog none(false);
  auto sink = Run(configuration, request, none, log).OpenSink();
  const auto stored =
      sink ? exporting::WriteFile(
                 **sink, {.name = exporting::kLogFile, .type = exporting::ContentType::kText},
                 operation.lines())
           : Result<void>(Fail(sink.error()));
  if (stored) return kGood;
  const bool to_s3 = request.output == "S3";
  log.Error(to_s3 ? "Storing log into S3 failed" : "Create operation log",
            {{"error", stored.error().message()}});
  return to_s3 ? kS3Failed : kFilesFailed;
}

int CheckS3(const S3& s3, GoLog& log) {
  log.Info("Checking connection to S3");
  log.Info("Preparing connection", {{"S3 endpoint", EndpointOf(s3)}});
  const auto opened = blob::OpenS3Blob(OptionsOf(s3));
  // That the bucket is missing is told by a server that answers.
  const bool missing =
      !opened && opened.error().message().find("NoSuchBucket") != std::string::npos;
  if (!opened && !missing) {
    log.Error("Bucket can not be found", {{"error", opened.error().message()}});
    return kS3Failed;
  }
  if (missing) {
    log.Error("Can not find expected bucket", {{"error", opened.error().message()}});
  } else {
    log.Info("Bucket has been found");
  }
  log.Info("Connection to S3 seems to be ok");
  return kGood;
}

}  // namespace insightd::app::exporter
