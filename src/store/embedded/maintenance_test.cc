#include "store/embedded/maintenance.h"

#include <gtest/gtest.h>

#include <utility>

#include "base/sqlite.h"
#include "base/testing/temp_folder.h"
#include "store/embedded/embedded_store.h"
#include "store/testing/maintenance_contract.h"

namespace insightd::store {
namespace {

using testing::MaintenanceContract;

class EmbeddedEngine final : public testing::MaintenanceEngine {
 public:
  EmbeddedEngine() {
    const auto store = OpenEmbeddedStore({.path = path_});
    INSIGHTD_ASSERT(store);
    database_ = sqlite::Database::Open(path_, {}).value();
  }

  std::unique_ptr<Maintenance> Open() override {
    auto opened = OpenEmbeddedMaintenance({.path = path_});
    if (!opened) ADD_FAILURE() << opened.error().message();
    return opened ? *std::move(opened) : nullptr;
  }
  void Execute(const std::string& sql) override {
    const auto done = database_->Execute(sql);
    ASSERT_TRUE(done) << done.error().message();
  }
  std::int64_t Number(const std::string& sql) override { return database_->Number(sql).value(); }
  std::string Literal(Time time) const override {
    return std::to_string(time.time_since_epoch().count());
  }
  std::string Workloads() const override { return "dvo_report"; }

 private:
  const insightd::testing::TempFolder folder_;
  const std::string path_ = folder_ / "store.db";
  std::unique_ptr<sqlite::Database> database_;
};

INSTANTIATE_TEST_SUITE_P(Embedded, MaintenanceContract,
                         ::testing::Values(testing::MaintenanceFactory{
                             .name = "Sqlite",
                             .make = [] { return std::make_unique<EmbeddedEngine>(); }}),
                         testing::MaintenanceName);

TEST(EmbeddedMaintenance, AFileThatIsNotThereIsNotMade) {
  const auto opened = OpenEmbeddedMaintenance({.path = "/nowhere/store.db"});
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code(), Code::kNotFound);
}

}  // namespace
}  // namespace insightd::store
