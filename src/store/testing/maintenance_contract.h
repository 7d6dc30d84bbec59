// The contract of maintenance.h as tests: each database runs all of them.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>

#include "base/clock.h"
#include "store/maintenance.h"

namespace insightd::store::testing {

// One database with all tables, empty, gone with the object.
class MaintenanceEngine {
 public:
  virtual ~MaintenanceEngine() = default;
  virtual std::unique_ptr<Maintenance> Open() = 0;
  virtual void Execute(const std::string& sql) = 0;
  virtual std::int64_t Number(const std::string& sql) = 0;
  // A time as it stands in a statement.
  virtual std::string Literal(Time time) const = 0;
  // "dvo.dvo_report" as it stands in a statement.
  virtual std::string Workloads() const = 0;
};

struct MaintenanceFactory {
  std::string name;
  // Nothing when there is no such engine here: then the test is skipped, with `why_not`.
  std::function<std::unique_ptr<MaintenanceEngine>()> make;
  std::string why_not = {};
};

inline std::string MaintenanceName(const ::testing::TestParamInfo<MaintenanceFactory>& info) {
  return info.param.name;
}

class MaintenanceContract : public ::testing::TestWithParam<MaintenanceFactory> {
 protected:
  void SetUp() override;

  // A cluster with two hits, and a row in every table that a cluster can have; its report was
  // stored at `reported`.
  void AddCluster(const std::string& cluster, Time reported, int org_id = 1);
  void Execute(const std::string& sql) { engine_->Execute(sql); }
  std::int64_t Rows(const std::string& table) {
    return engine_->Number("SELECT count(*) FROM " + table);
  }
  std::string L(Time time) const { return engine_->Literal(time); }
  std::string Dvo() const { return engine_->Workloads(); }

  std::unique_ptr<MaintenanceEngine> engine_;
  std::unique_ptr<Maintenance> maintenance_;
};

}  // namespace insightd::store::testing
