// What is promised of workloads.
#include <fmt/format.h>

#include "base/json.h"
#include "store/testing/contract.h"

namespace insightd::store::testing {
namespace {

NamespaceWorkloads Namespace(const std::string& id, int hits = 2) {
  return {.id = id,
          .name = "name of " + id,
          .recommendations = 1,
          .objects = 2,
          .hits = fmt::format(R"({{"p.dvo.a|K":{}}})", hits)};
}

ClusterWorkloads WorkloadsOf(const std::string& cluster, int checked, const std::string& request_id,
                             std::vector<NamespaceWorkloads> namespaces) {
  return {.org_id = 1,
          .cluster = cluster,
          .request_id = request_id,
          .last_checked = At(checked),
          .report = R"({"workload_recommendations":[],"text":"\"ä\\"})",
          .namespaces = std::move(namespaces)};
}

std::vector<PutOutcome> PutAll(Store& store, const std::vector<ClusterWorkloads>& workloads) {
  const auto outcomes = store.PutWorkloads(workloads);
  if (!outcomes) ADD_FAILURE() << outcomes.error().message();
  return outcomes.value();
}
PutOutcome PutOne(Store& store, const ClusterWorkloads& workloads) {
  return PutAll(store, {workloads}).at(0);
}

// "cluster/namespace" of all rows, in order.
Keys Stored(Store& store, std::int64_t org_id = 1) {
  Keys keys;
  const auto stored = store.Workloads(org_id, "").value();
  for (const StoredWorkloads& of : stored) keys.push_back(of.cluster + "/" + of.workloads.id);
  return keys;
}

TEST_P(StoreContract, WorkloadsOfManyNamespacesAreRefusedWhereTheyWouldBeTooMuch) {
  std::vector<NamespaceWorkloads> namespaces;
  for (int i = 0; i < 300; ++i) namespaces.push_back(Namespace("N" + std::to_string(i)));
  ClusterWorkloads workloads = WorkloadsOf(kCluster, 10, "r1", std::move(namespaces));
  workloads.report = '"' + std::string(1 << 20, 'x') + '"';
  const auto refused = store_->PutWorkloads({&workloads, 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), Code::kInvalid);
  EXPECT_NE(refused.error().message().find("300 namespaces"), std::string::npos);
}

TEST_P(StoreContract, WorkloadsAreReadBackWhole) {
  const auto workloads = WorkloadsOf(kCluster, 10, "r1", {Namespace("N2"), Namespace("N1", 7)});
  ASSERT_EQ(store_->PutWorkloads({&workloads, 1}).value().at(0), PutOutcome::kStored);
  const auto stored = store_->Workloads(1, kCluster).value();
  ASSERT_EQ(stored.size(), 2U);
  EXPECT_EQ(stored[0].cluster, kCluster);
  EXPECT_EQ(stored[0].workloads.id, "N1");
  EXPECT_EQ(stored[0].workloads.name, "name of N1");
  EXPECT_EQ(stored[0].workloads.recommendations, 1);
  EXPECT_EQ(stored[0].workloads.objects, 2);
  EXPECT_EQ(stored[0].reported, At(10));
  EXPECT_EQ(stored[0].last_checked, At(10));
  const auto hits = json::Parse(stored[0].workloads.hits).value();
  EXPECT_EQ(hits.root()["p.dvo.a|K"].AsInt(), 7);
  // A JSON string that holds the JSON object.
  const std::string text = store_->WorkloadsText(1, kCluster, "N1").value();
  const auto document = json::Parse(text).value();
  EXPECT_EQ(document.root().AsString(), workloads.report);
  EXPECT_EQ(store_->WorkloadsText(1, kCluster, "N3").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->WorkloadsText(2, kCluster, "N1").error().code(), Code::kNotFound);
  EXPECT_TRUE(store_->Workloads(2, "")->empty());
}

TEST_P(StoreContract, NewerWorkloadsTakeThePlaceOfAllRowsOfTheirCluster) {
  PutAll(*store_, {WorkloadsOf(kCluster, 10, "r1", {Namespace("N1"), Namespace("N2")}),
                   WorkloadsOf(kOther, 10, "r2", {Namespace("N1")})});
  EXPECT_EQ(PutOne(*store_, WorkloadsOf(kCluster, 20, "r3", {Namespace("N2"), Namespace("N3")})),
            PutOutcome::kStored);
  EXPECT_EQ(Stored(*store_), (Keys{kCluster + "/N2", kCluster + "/N3", kOther + "/N1"}));
  const auto stored = store_->Workloads(1, kCluster).value();
  EXPECT_EQ(stored[0].reported, At(10)) << "since when it is there";
  EXPECT_EQ(stored[0].last_checked, At(20));
  EXPECT_EQ(stored[1].reported, At(20));
}

TEST_P(StoreContract, OlderWorkloadsAndTheSameAgainChangeNothing) {
  EXPECT_EQ(PutOne(*store_, WorkloadsOf(kCluster, 20, "r2", {Namespace("N2")})),
            PutOutcome::kStored);
  EXPECT_EQ(PutOne(*store_, WorkloadsOf(kCluster, 10, "r9", {Namespace("N1")})),
            PutOutcome::kOlder);
  EXPECT_EQ(PutOne(*store_, WorkloadsOf(kCluster, 20, "r2", {Namespace("N2")})), PutOutcome::kSame);
  EXPECT_EQ(PutOne(*store_, WorkloadsOf(kCluster, 20, "r1", {Namespace("N1")})), PutOutcome::kOlder)
      << "of two of one time the greater request id is newer";
  EXPECT_EQ(Stored(*store_), (Keys{kCluster + "/N2"}));
}

TEST_P(StoreContract, WorkloadsOfNoNamespaceAreNewsThatStay) {
  PutOne(*store_, WorkloadsOf(kCluster, 10, "r1", {Namespace("N1")}));
  EXPECT_EQ(PutOne(*store_, WorkloadsOf(kCluster, 20, "r2", {})), PutOutcome::kStored);
  EXPECT_TRUE(Stored(*store_).empty());
  Reopen();
  EXPECT_EQ(PutOne(*store_, WorkloadsOf(kCluster, 10, "r1", {Namespace("N1")})),
            PutOutcome::kOlder);
  EXPECT_EQ(PutOne(*store_, WorkloadsOf(kCluster, 20, "r2", {})), PutOutcome::kSame);
  EXPECT_TRUE(Stored(*store_).empty());
}

TEST_P(StoreContract, SeveralWorkloadsOfOneClusterInABatchKeepTheirOrder) {
  const auto outcomes =
      PutAll(*store_, {WorkloadsOf(kCluster, 10, "r1", {Namespace("N1")}),
                       WorkloadsOf(kCluster, 30, "r3", {Namespace("N1"), Namespace("N3")}),
                       WorkloadsOf(kCluster, 20, "r2", {Namespace("N2")}),
                       WorkloadsOf(kCluster, 30, "r3", {Namespace("N3")})});
  EXPECT_EQ(outcomes, (std::vector<PutOutcome>{PutOutcome::kStored, PutOutcome::kStored,
                                               PutOutcome::kOlder, PutOutcome::kSame}));
  EXPECT_EQ(Stored(*store_), (Keys{kCluster + "/N1", kCluster + "/N3"}));
  EXPECT_EQ(store_->Workloads(1, kCluster)->at(0).reported, At(10));
}

TEST_P(StoreContract, OnlyNewerWorkloadsMoveAClusterToAnotherOrganisation) {
  PutOne(*store_, WorkloadsOf(kCluster, 20, "r2", {Namespace("N1"), Namespace("N2")}));
  ClusterWorkloads moved = WorkloadsOf(kCluster, 10, "r1", {Namespace("N1")});
  moved.org_id = 4'294'967'295;
  EXPECT_EQ(PutOne(*store_, moved), PutOutcome::kOlder);
  EXPECT_EQ(Stored(*store_).size(), 2U);
  moved.last_checked = At(30);
  EXPECT_EQ(PutOne(*store_, moved), PutOutcome::kStored);
  EXPECT_TRUE(Stored(*store_).empty());
  EXPECT_EQ(Stored(*store_, moved.org_id), (Keys{kCluster + "/N1"}));
  EXPECT_EQ(store_->Workloads(moved.org_id, "")->at(0).reported, At(20));
}

TEST_P(StoreContract, WorkloadsThatTheDatabaseDoesNotTakeLeaveNothingOfTheirBatch) {
  std::vector<ClusterWorkloads> bad;
  bad.push_back(WorkloadsOf(kOther, 10, "r2", {Namespace(std::string("N\0", 2))}));
  bad.push_back(WorkloadsOf(kOther, 10, "r2", {Namespace("N1"), Namespace("N1")}));
  bad.push_back(WorkloadsOf(kOther, 10, "r2", {Namespace(std::string(3'000, 'n'))}));
  bad.push_back(WorkloadsOf("", 10, "r2", {}));
  bad.push_back(WorkloadsOf(kOther, 10, "r2", {}));
  bad.back().org_id = 4'294'967'296;
  bad.push_back(WorkloadsOf(kOther, 10, "r2", {Namespace("N1")}));
  bad.back().namespaces[0].hits = R"({"a\u0000|K":1})";
  for (const ClusterWorkloads& one : bad) {
    const std::vector<ClusterWorkloads> batch = {WorkloadsOf(kCluster, 10, "r1", {Namespace("N1")}),
                                                 one};
    const auto put = store_->PutWorkloads(batch);
    ASSERT_FALSE(put);
    EXPECT_EQ(put.error().code(), Code::kInvalid) << put.error().message();
    EXPECT_TRUE(Stored(*store_).empty());
  }
  EXPECT_EQ(PutOne(*store_, WorkloadsOf(kCluster, 10, "r1", {Namespace("N1")})),
            PutOutcome::kStored);
}

TEST_P(StoreContract, AnEmptyBatchOfWorkloadsIsGood) { EXPECT_TRUE(PutAll(*store_, {}).empty()); }

}  // namespace
}  // namespace insightd::store::testing
