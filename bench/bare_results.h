// The least that any program has to do to put a batch of results into the tables of results: by
// libpq alone, with what a careful hand would leave out left out.
//
// One statement a table, prepared at the start; its rows as arrays, each column a parameter that is
// built in place; BEGIN, all of them and COMMIT go out together, and one answer is awaited. Written
// are, of each result, its row of report, report_info, insightd_cluster and insightd_upload (how it
// ended, after which other one), its hits in rule_hit and recommendation, and in insightd_released
// the archive whose place it takes. Nothing is read, compared or decided: what is there is written
// over. Rows that only some results need are none of it: what comes and goes (insightd_change and
// the rows that go), new rule packs, moves between organisations.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

struct pg_conn;

namespace insightd::bench {

// One column of many rows, as it goes over the wire. Its room is used again.
class Column {
 public:
  explicit Column(std::uint32_t element) : element_(element) { Clear(); }
  void Clear();
  void Int(std::int32_t value) { Add(value); }
  void Long(std::int64_t value) { Add(value); }
  void At(Time value);
  void Text(std::string_view value);
  // Until the next Clear.
  std::string_view Bytes();

 private:
  template <class Number>
  void Add(Number value);

  const std::uint32_t element_;
  std::int32_t size_ = 0;
  std::string bytes_;
};

// One thread at a time. What fails ends the program.
class BareResults {
 public:
  explicit BareResults(const std::string& conninfo);
  // At most one result of a cluster.
  void Put(const std::vector<store::ClusterResult>& batch);

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  void Send(const char* statement, const std::vector<std::string_view>& values);

  std::unique_ptr<pg_conn, Finish> connection_;
  std::vector<Column> columns_;
};

}  // namespace insightd::bench
