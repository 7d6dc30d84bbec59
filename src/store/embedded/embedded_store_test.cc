#include "store/embedded/embedded_store.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "base/sqlite.h"
#include "base/testing/temp_folder.h"
#include "store/testing/contract.h"
#include "store/testing/past_contract.h"

namespace insightd::store {
namespace {

using testing::At;
using testing::kCluster;
using testing::kOther;
using testing::ResultOf;

// ---- What every store promises ----

class EmbeddedEngine final : public testing::Engine {
 public:
  std::unique_ptr<Store> Open(const Clock& clock) override {
    auto store = OpenEmbeddedStore({.path = path_, .clock = &clock});
    INSIGHTD_ASSERT(store);
    return *std::move(store);
  }
  void Execute(const std::string& sql) override {
    auto database = sqlite::Database::Open(path_, {});
    const auto done = (*database)->Execute(sql);
    ASSERT_TRUE(done) << done.error().message();
  }
  std::int64_t Number(const std::string& sql) override {
    auto database = sqlite::Database::Open(path_, {});
    return (*database)->Number(sql).value();
  }
  std::string Literal(Time time) const override {
    return std::to_string(time.time_since_epoch().count());
  }
  void Poison() override {
    Execute(
        "CREATE TRIGGER poison BEFORE INSERT ON rule_hit WHEN NEW.error_key = 'POISON' "
        "BEGIN SELECT raise(ABORT, 'poisoned'); END");
  }

 private:
  const insightd::testing::TempFolder folder_;
  const std::string path_ = folder_ / "store.db";
};

const auto kEngine = ::testing::Values(
    testing::EngineFactory{"SQLite", [] { return std::make_unique<EmbeddedEngine>(); }});
using testing::PastContract;
using testing::StoreContract;
INSTANTIATE_TEST_SUITE_P(Embedded, StoreContract, kEngine, testing::EngineName);
INSTANTIATE_TEST_SUITE_P(Embedded, PastContract, kEngine, testing::EngineName);

// ---- What is this one's own ----

class EmbeddedStoreTest : public ::testing::Test {
 protected:
  EmbeddedStoreTest() {
    options_.path = folder_ / "store.db";
    Reopen();
  }
  void Reopen() {
    store_.reset();
    auto store = OpenEmbeddedStore(options_);
    INSIGHTD_ASSERT(store);
    store_ = std::move(*store);
  }
  void Execute(const std::string& sql) {
    auto database = sqlite::Database::Open(options_.path, {});
    const auto done = (*database)->Execute(sql);
    ASSERT_TRUE(done) << done.error().message();
  }
  std::int64_t Number(const std::string& sql) {
    auto database = sqlite::Database::Open(options_.path, {});
    return (*database)->Number(sql).value();
  }
  PutOutcome Put(const ClusterResult& result) {
    const auto outcomes = store_->Put({&result, 1});
    INSIGHTD_ASSERT(outcomes);
    return outcomes->at(0);
  }

  insightd::testing::TempFolder folder_;
  EmbeddedStoreOptions options_;
  std::unique_ptr<Store> store_;
};

TEST_F(EmbeddedStoreTest, AFileOfAnOlderVersionGetsWhatIsNew) {
  Put(ResultOf(kCluster, 0, "r1"));
  Execute(
      "DROP TABLE insightd_dropped_letter; DROP TABLE insightd_workloads; "
      "DROP TABLE insightd_change; DROP TABLE insightd_pack; DROP INDEX insightd_upload_aside; "
      "ALTER TABLE insightd_upload DROP COLUMN previous; "
      "ALTER TABLE insightd_upload DROP COLUMN archive; "
      "ALTER TABLE insightd_upload DROP COLUMN pack; ALTER TABLE insightd_upload DROP COLUMN hits; "
      "ALTER TABLE insightd_upload DROP COLUMN passes; "
      "ALTER TABLE insightd_upload DROP COLUMN skips; "
      "ALTER TABLE insightd_upload DROP COLUMN errors; "
      "UPDATE insightd_version SET version = 1");
  const auto store = OpenEmbeddedStore(options_);
  ASSERT_TRUE(store) << store.error().message();
  EXPECT_EQ((*store)->Versions()->own, 5);
  EXPECT_EQ((*store)->Meta(1, kCluster)->request_id, "r1");
  EXPECT_EQ(Number("SELECT count(*) FROM insightd_workloads"), 0);
  // What was stored before is in its history, as far as it was noted.
  ClusterResult next = ResultOf(kCluster, 1, "r2", {});
  ASSERT_TRUE((*store)->Put({&next, 1}));
  const ResultPage results = (*store)->PastResults(1, kCluster, {}, {}, 10).value();
  ASSERT_EQ(results.results.size(), 2U);
  EXPECT_EQ(results.results[1].request_id, "r1");
  EXPECT_EQ(results.results[1].hits, -1);
  EXPECT_EQ((*store)->Changes(1, kCluster, {}, {}, 10)->changes.size(), 1U);
}

TEST_F(EmbeddedStoreTest, ADatabaseOfANewerVersionIsRefusedAndLeftAlone) {
  for (const char* table : {"migration_info", "dvo_migration_info", "insightd_version"}) {
    const std::int64_t before = Number(fmt::format("SELECT version FROM {}", table));
    Execute(fmt::format("UPDATE {} SET version = 99", table));
    const auto store = OpenEmbeddedStore(options_);
    ASSERT_FALSE(store) << table;
    EXPECT_EQ(store.error().code(), Code::kInvalid);
    EXPECT_NE(store.error().message().find("99"), std::string::npos);
    EXPECT_NE(store.error().message().find(std::to_string(before)), std::string::npos);
    Execute(fmt::format("UPDATE {} SET version = {}", table, before));
  }
}

TEST_F(EmbeddedStoreTest, AFullDiskIsUnavailableAndNothingIsLost) {
  Put(ResultOf(kCluster, 0, "r1"));
  ClusterResult large = ResultOf(kOther, 0, "r2");
  large.report = std::string(2'000'000, 'x');
  {
    const insightd::testing::FullDisk full(1'000'000);
    const auto put = store_->Put({&large, 1});
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().code(), Code::kUnavailable);
    EXPECT_NE(put.error().message().find("store.db"), std::string::npos);
    EXPECT_FALSE(store_->Check());
    EXPECT_EQ(store_->Meta(1, kCluster)->request_id, "r1") << "what is there can be read";
  }
  EXPECT_EQ(Put(large), PutOutcome::kStored);
  EXPECT_TRUE(store_->Check());
}

TEST_F(EmbeddedStoreTest, AFileThatIsNoDatabaseIsRefused) {
  store_.reset();
  std::ofstream(options_.path) << std::string(10'000, 'x');
  EXPECT_FALSE(OpenEmbeddedStore(options_));
}

TEST_F(EmbeddedStoreTest, WhatWasStoredIsThereAfterAKill) {
  store_.reset();
  int pipe_ends[2];
  ASSERT_EQ(pipe(pipe_ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    close(pipe_ends[0]);
    auto store = OpenEmbeddedStore(options_);
    if (!store) _exit(1);
    for (int i = 0;; ++i) {
      std::vector<ClusterResult> batch;
      for (int k = 0; k < 3; ++k) {
        batch.push_back(ResultOf("cluster" + std::to_string(k), i, std::to_string(i)));
      }
      if (!(*store)->Put(batch)) _exit(1);
      (void)!write(pipe_ends[1], "x", 1);
    }
  }
  close(pipe_ends[1]);
  int stored = 0;
  char buffer[64];
  while (stored < 100) {
    const ssize_t got = read(pipe_ends[0], buffer, sizeof(buffer));
    ASSERT_GT(got, 0);
    stored += static_cast<int>(got);
  }
  kill(child, SIGKILL);
  for (ssize_t got = 1; got > 0; stored += static_cast<int>(std::max<ssize_t>(got, 0))) {
    got = read(pipe_ends[0], buffer, sizeof(buffer));
  }
  close(pipe_ends[0]);
  waitpid(child, nullptr, 0);

  Reopen();

  const auto first = store_->Meta(1, "cluster0").value();
  EXPECT_GE(std::stoi(first.request_id), stored - 1);
  for (int k = 1; k < 3; ++k) {
    EXPECT_EQ(store_->Meta(1, "cluster" + std::to_string(k))->request_id, first.request_id)
        << "a batch is there whole or not at all";
  }
  EXPECT_EQ(Number("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'"), 0);
}

}  // namespace
}  // namespace insightd::store
