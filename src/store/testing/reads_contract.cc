// What the reading calls promise.
#include <fmt/format.h>

#include <atomic>
#include <future>
#include <optional>
#include <thread>

#include "store/testing/contract.h"

namespace insightd::store::testing {
namespace {

std::string TextOf(const FleetCluster& cluster) {
  std::string text = cluster.meta.cluster + ":";
  for (const FleetHit& hit : cluster.hits) {
    text += fmt::format(" {}|{}{}", hit.rule, hit.key, hit.disabled ? "-" : "");
  }
  return text + ";";
}

TEST_P(StoreContract, TheFleetComesInOrderWithItsHits) {
  Put(ResultOf("b", 0, "rb",
               {{"y.report", "K", ""}, {"x.report", "L", ""}, {"x.report", "K", ""}}));
  Put(ResultOf("a", 0, "ra", {}));
  Put(ResultOf("c", 0, "rc", {{"x.report", "K", ""}}));
  ClusterResult foreign = ResultOf("bb", 0, "rf");
  foreign.org_id = 2;
  Put(foreign);
  Toggle("b", "y.report", "K", std::nullopt);
  Toggle("c", "x.report", "OTHER", std::nullopt);
  Toggle("c", "x.report", "K", std::nullopt, /*disabled=*/false);
  std::string seen;
  const auto note = [&seen](const FleetCluster& cluster) {
    seen += TextOf(cluster);
    return true;
  };

  ASSERT_TRUE(store_->Fleet(1, "", note));
  EXPECT_EQ(seen, "a:;b: x|K x|L y|K-;c: x|K;");
  seen.clear();
  ASSERT_TRUE(store_->Fleet(1, "a", note));
  EXPECT_EQ(seen, "b: x|K x|L y|K-;c: x|K;");
  seen.clear();
  ASSERT_TRUE(store_->Fleet(1, "aa", note));
  EXPECT_EQ(seen, "b: x|K x|L y|K-;c: x|K;") << "behind a name that is not there";
  seen.clear();
  ASSERT_TRUE(store_->Fleet(1, "c", note));
  ASSERT_TRUE(store_->Fleet(9, "", note));
  EXPECT_EQ(seen, "");
  int visits = 0;
  ASSERT_TRUE(store_->Fleet(1, "", [&](const FleetCluster&) { return ++visits < 2; }));
  EXPECT_EQ(visits, 2);
}

TEST_P(StoreContract, TheFleetShowsWhatAReportsHeadShows) {
  Put(ResultOf(kCluster, 5, "r1"));
  ASSERT_TRUE(store_->Fleet(1, "", [&](const FleetCluster& cluster) {
    EXPECT_EQ(cluster.meta.org_id, 1);
    EXPECT_EQ(cluster.meta.cluster, kCluster);
    EXPECT_EQ(cluster.meta.request_id, "r1");
    EXPECT_EQ(cluster.meta.last_checked, At(5));
    EXPECT_EQ(cluster.meta.reported, clock_.Now());
    EXPECT_EQ(cluster.meta.gathered, At(-55));
    EXPECT_EQ(cluster.meta.version, "4.18.3");
    EXPECT_EQ(cluster.meta.counts.passes, 100);
    EXPECT_EQ(cluster.meta.hits, 1);
    return true;
  }));
}

// Names that a language sorts otherwise than bytes.
TEST_P(StoreContract, OrderIsThatOfBytes) {
  const Keys names = {"A-", "A0", "B", "a", "a-b", "aB", "ab", "b", "\u00e4"};
  for (auto at = names.rbegin(); at != names.rend(); ++at) {
    Put(ResultOf(*at, 0, "r" + *at,
                 {{"Z.report", "b", ""}, {"a.report", "B", ""}, {"a.report", "a", ""}}));
  }
  Keys seen;
  ASSERT_TRUE(store_->Fleet(1, "", [&](const FleetCluster& cluster) {
    EXPECT_EQ(TextOf(cluster), cluster.meta.cluster + ": Z|b a|B a|a;");
    seen.push_back(cluster.meta.cluster);
    return true;
  }));
  EXPECT_EQ(seen, names);
  seen.clear();
  ASSERT_TRUE(store_->Fleet(1, "a", [&](const FleetCluster& cluster) {
    seen.push_back(cluster.meta.cluster);
    return true;
  }));
  EXPECT_EQ(seen, Keys(names.begin() + 4, names.end()));
  EXPECT_EQ(store_->ClustersSince(1, Time{}).value(), names);
  Keys hit;
  const auto clusters = store_->ClustersHitBy(1, "a", "a").value();
  for (const HitCluster& cluster : clusters) hit.push_back(cluster.cluster);
  EXPECT_EQ(hit, names);
  const auto counts = store_->RuleCounts(1).value();
  ASSERT_EQ(counts.size(), 3U);
  EXPECT_EQ(counts[0].rule, "Z");
  EXPECT_EQ(counts[1].key, "B");
  EXPECT_EQ(counts[2].key, "a");
  EXPECT_EQ(store_->Report(1, "B", "")->hits.at(0).component, "Z.report");
  EXPECT_EQ(store_->Report(1, "B", "")->hits.at(1).key, "B");
  Toggle("a", "a.report", "a", std::nullopt);
  Toggle("B", "a.report", "B", std::nullopt);
  Toggle("B", "Z.report", "b", std::nullopt);
  const auto toggles = store_->Toggles(1).value();
  ASSERT_EQ(toggles.size(), 3U);
  EXPECT_EQ(toggles[0].component, "Z.report");
  EXPECT_EQ(toggles[2].cluster, "a");
}

TEST_P(StoreContract, ALargeFleetIsOneConsistentView) {
  constexpr int kClusters = 2500;
  std::vector<ClusterResult> batch;
  for (int i = 0; i < kClusters; ++i) {
    batch.push_back(ResultOf(fmt::format("c{:05}", i), 0, fmt::format("r{:05}", i)));
  }
  ASSERT_TRUE(store_->Put(batch));
  // While it is read, others are stored: in the part that is still to come too.
  int visits = 0;
  const auto fleet = store_->Fleet(1, "", [&](const FleetCluster& cluster) {
    if (visits == 0) {
      std::thread([&] {
        std::vector<ClusterResult> later;
        for (int i = 0; i < kClusters; i += 100) {
          later.push_back(ResultOf(fmt::format("c{:05}", i), 1, fmt::format("s{:05}", i), {}));
          later.push_back(ResultOf(fmt::format("c{:05}b", i), 1, fmt::format("b{:05}", i)));
        }
        EXPECT_TRUE(store_->Put(later));
      }).join();
    }
    EXPECT_EQ(cluster.meta.cluster, fmt::format("c{:05}", visits));
    EXPECT_EQ(cluster.meta.request_id, fmt::format("r{:05}", visits));
    EXPECT_EQ(cluster.hits.size(), 1U);
    ++visits;
    return true;
  });
  ASSERT_TRUE(fleet) << fleet.error().message();
  EXPECT_EQ(visits, kClusters);
  EXPECT_EQ(store_->ClustersSince(1, Time{})->size(), kClusters + 25U);
  int behind = 0;
  ASSERT_TRUE(store_->Fleet(1, "c00100", [&](const FleetCluster& cluster) {
    EXPECT_EQ(cluster.meta.cluster, "c00100b");
    return ++behind < 1;
  }));
}

TEST_P(StoreContract, CountsClustersByRule) {
  clock_.Set(At(300));
  Put(ResultOf("a", 0, "ra", {{"x.report", "K", ""}, {"y.report", "K", ""}}));
  Put(ResultOf("b", 1, "rb", {{"x.report", "K", ""}}));
  Toggle("b", "x.report", "K", At(42));
  Toggle("zz", "x.report", "K", At(42));
  Toggle("a", "y.report", "K", std::nullopt, /*disabled=*/false);
  DisableFeedback("b", "x.report", "K", "u1", "old", At(1));
  DisableFeedback("b", "x.report", "K", "u2", "because", At(2));
  DisableFeedback("b", "x.report", "OTHER", "u2", "of another", At(3));

  const auto counts = store_->RuleCounts(1).value();
  ASSERT_EQ(counts.size(), 2U);
  EXPECT_EQ(counts[0].rule, "x");
  EXPECT_EQ(counts[0].key, "K");
  EXPECT_EQ(counts[0].clusters, 2);
  EXPECT_EQ(counts[0].clusters_disabled, 1);
  EXPECT_EQ(counts[1].clusters, 1);
  EXPECT_EQ(counts[1].clusters_disabled, 0);
  EXPECT_TRUE(store_->RuleCounts(2)->empty());

  const auto clusters = store_->ClustersHitBy(1, "x", "K").value();
  ASSERT_EQ(clusters.size(), 2U);
  EXPECT_EQ(clusters[0].cluster, "a");
  EXPECT_FALSE(clusters[0].disabled);
  EXPECT_FALSE(clusters[0].disabled_at);
  EXPECT_TRUE(clusters[0].justification.empty());
  EXPECT_EQ(clusters[0].version, "4.18.3");
  EXPECT_EQ(clusters[0].impacted_since, At(300));
  EXPECT_EQ(clusters[0].stored, At(300));
  EXPECT_EQ(clusters[1].last_checked, At(1));
  EXPECT_TRUE(clusters[1].disabled);
  EXPECT_EQ(clusters[1].disabled_at, At(42));
  EXPECT_EQ(clusters[1].justification, "because");
  EXPECT_TRUE(store_->ClustersHitBy(1, "x", "OTHER")->empty());
  EXPECT_TRUE(store_->ClustersHitBy(2, "x", "K")->empty());
}

TEST_P(StoreContract, AReportShowsWhatTheUserSaid) {
  Put(ResultOf(kCluster, 0, "r",
               {{"x.report", "A", ""}, {"x.report", "B", ""}, {"y.report", "B", ""}}));
  Vote(kCluster, "x.report", "B", "me", -1);
  Vote(kCluster, "y.report", "B", "me", 1);
  DisableFeedback(kCluster, "x.report", "A", "me", "why", At(9));
  Toggle(kCluster, "x.report", "A", At(8));
  Toggle(kCluster, "x.report", "B", At(8), /*disabled=*/false);
  const auto mine = store_->Report(1, kCluster, "me").value();
  ASSERT_EQ(mine.hits.size(), 3U);
  EXPECT_EQ(mine.hits[0].user_vote, -1) << "a vote stands at all keys of its component";
  EXPECT_EQ(mine.hits[1].user_vote, -1);
  EXPECT_EQ(mine.hits[2].user_vote, 1);
  EXPECT_EQ(mine.hits[0].disable_feedback, "why");
  EXPECT_EQ(mine.hits[0].disable_feedback_at, At(9));
  EXPECT_EQ(mine.hits[1].disable_feedback_at, At(9)) << "so does the reason of a silence";
  EXPECT_FALSE(mine.hits[2].disable_feedback_at);
  EXPECT_TRUE(mine.hits[0].disabled);
  EXPECT_EQ(mine.hits[0].disabled_at, At(8));
  EXPECT_FALSE(mine.hits[1].disabled) << "enabled again";
  EXPECT_FALSE(mine.hits[1].disabled_at);
  const auto yours = store_->Report(1, kCluster, "you").value();
  EXPECT_EQ(yours.hits[1].user_vote, 0);
  EXPECT_TRUE(yours.hits[0].disable_feedback.empty());
  EXPECT_TRUE(yours.hits[0].disabled) << "for everybody";
}

TEST_P(StoreContract, AcknowledgementsAndTogglesAreReadBack) {
  Acknowledge("x.y", "K", "because", At(1), At(2));
  Acknowledge("a.b", "K", "", At(3), std::nullopt);
  Acknowledge("a.b", "K", "of another", At(3), std::nullopt, 2);
  Toggle(kOther, "x.report", "K", At(4));
  Toggle(kCluster, "x.report", "K", std::nullopt);
  Toggle(kCluster, "y.report", "K", At(4), /*disabled=*/false);
  Toggle("c", "x.report", "K", At(4), true, 2);

  const auto acknowledged = store_->Acknowledgements(1).value();
  ASSERT_EQ(acknowledged.size(), 2U);
  EXPECT_EQ(acknowledged[0].rule, "a.b");
  EXPECT_FALSE(acknowledged[0].updated);
  EXPECT_EQ(acknowledged[1].rule, "x.y");
  EXPECT_EQ(acknowledged[1].key, "K");
  EXPECT_EQ(acknowledged[1].justification, "because");
  EXPECT_EQ(acknowledged[1].created, At(1));
  EXPECT_EQ(acknowledged[1].updated, At(2));
  EXPECT_TRUE(store_->Acknowledgements(3)->empty());

  const auto toggles = store_->Toggles(1).value();
  ASSERT_EQ(toggles.size(), 2U);
  EXPECT_EQ(toggles[0].cluster, kCluster);
  EXPECT_EQ(toggles[0].component, "x.report");
  EXPECT_EQ(toggles[0].key, "K");
  EXPECT_FALSE(toggles[0].disabled_at);
  EXPECT_EQ(toggles[0].updated, At(7));
  EXPECT_EQ(toggles[1].cluster, kOther);
  EXPECT_EQ(toggles[1].disabled_at, At(4));
}

TEST_P(StoreContract, ListsClustersSinceATime) {
  clock_.Set(At(0));
  Put(ResultOf("b", 0, "rb"));
  clock_.Set(At(100));
  Put(ResultOf("a", 0, "ra"));
  EXPECT_EQ(store_->ClustersSince(1, At(0)).value(), (Keys{"a", "b"}));
  EXPECT_EQ(store_->ClustersSince(1, At(1)).value(), Keys{"a"});
  EXPECT_EQ(store_->ClustersSince(1, At(100)).value(), Keys{"a"});
  EXPECT_TRUE(store_->ClustersSince(1, At(101))->empty());
  EXPECT_TRUE(store_->ClustersSince(9, At(0))->empty());
}

TEST_P(StoreContract, ListsFewClustersForWhoMustNotWait) {
  const auto ask = [this](std::int64_t org_id, Time since) {
    std::promise<Result<std::optional<TextList>>> answer;
    store_->FewClustersSince(org_id, since,
                             [&](Result<std::optional<TextList>> few) { answer.set_value(few); });
    return answer.get_future().get();
  };
  clock_.Set(At(100));
  Put(ResultOf("a", 0, "ra"));
  clock_.Set(At(0));
  std::vector<ClusterResult> batch;
  for (std::size_t i = 1; i < Store::kFewClustersMax; ++i) {
    batch.push_back(ResultOf(fmt::format("c{:04}", i), 0, fmt::format("r{}", i)));
  }
  batch.push_back(ResultOf("B", 0, "rB"));
  batch.back().org_id = 2;
  ASSERT_TRUE(store_->Put(batch));
  EXPECT_EQ(ask(1, At(1)).value(), Keys{"a"});
  EXPECT_EQ(ask(1, At(101)).value(), Keys{});
  EXPECT_EQ(ask(2, At(0)).value(), Keys{"B"});
  EXPECT_EQ(ask(9, At(0)).value(), Keys{});
  EXPECT_EQ(ask(-1, At(0)).value(), Keys{});
  const TextList all = store_->ClustersSince(1, At(0)).value();
  ASSERT_EQ(all.size(), Store::kFewClustersMax);
  EXPECT_EQ(ask(1, At(0)).value(), Keys(all.begin(), all.end()));
  Put(ResultOf("one more", 0, "more"));
  EXPECT_EQ(ask(1, At(0)).value(), std::nullopt);
}

TEST_P(StoreContract, ReportsThatManyAskForAtOnceGoToWhoAsked) {
  std::vector<ClusterResult> results;
  for (int i = 0; i < 50; ++i) {
    const std::string name = std::to_string(i);
    results.push_back(ResultOf("c" + name, i, "r" + name, {{"x.report", "K" + name, "{}"}}));
    results.back().org_id = i % 3;
  }
  ASSERT_TRUE(store_->Put(results));
  Vote("c7", "x.report", "K7", "me", 1);
  std::atomic<int> answered = 0;
  std::atomic<int> wrong = 0;
  const auto ask = [&](int i) {
    const std::string name = std::to_string(i % 60);
    const bool there = i % 60 < 50;
    store_->ReportLater(i % 60 % 3, "c" + name, i % 2 == 0 ? "me" : "you",
                        [&, i, name, there](Result<ClusterReport> report) {
                          if (there != report.has_value()) {
                            ++wrong;
                          } else if (!report) {
                            wrong += report.error().code() != Code::kNotFound;
                          } else {
                            wrong += report->meta.cluster != "c" + name;
                            wrong += report->hits.at(0).key != "K" + name;
                            const bool mine = i % 60 == 7 && i % 2 == 0;
                            wrong += report->hits.at(0).user_vote != (mine ? 1 : 0);
                          }
                          ++answered;
                        });
  };
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 120; ++i) ask(i * 4 + t);
    });
  }
  for (auto& thread : threads) thread.join();
  // What is asked last is answered too, at the latest when the store ends.
  store_->Report(0, "c0", "").value();
  leases_.clear();
  store_.reset();
  EXPECT_EQ(answered, 480);
  EXPECT_EQ(wrong, 0);
}

// They come from addresses that anybody may type.
TEST_P(StoreContract, NamesThatNoDatabaseTakesAreNotFound) {
  Put(ResultOf(kCluster, 0, "r"));
  for (const std::string& name : {std::string("a\0b", 3), std::string("\xff"), std::string()}) {
    EXPECT_EQ(store_->Report(1, name, "").error().code(), Code::kNotFound);
    EXPECT_EQ(store_->Meta(1, name).error().code(), Code::kNotFound);
    EXPECT_EQ(store_->ReportText(1, name).error().code(), Code::kNotFound);
    EXPECT_EQ(store_->OrganizationOf(name).error().code(), Code::kNotFound);
    EXPECT_EQ(store_->FindUpload(name).error().code(), Code::kNotFound);
    EXPECT_TRUE(store_->ClustersHitBy(1, name, "KEY")->empty());
    EXPECT_TRUE(store_->ClustersHitBy(1, "a.b", name)->empty());
    EXPECT_EQ(store_->Report(1, kCluster, name)->hits.size(), 1U);
    EXPECT_TRUE(name.empty() || store_->ListDeadLetters({.cluster = name})->empty());
    EXPECT_EQ(store_->UsesOf(Keys{name})->at(0), ArchiveUse::kUnknown);
  }
}

TEST_P(StoreContract, ReadsAndWritesFromManyThreads) {
  std::atomic<int> wrong = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 25; ++i) {
        if (t % 2 == 0) {
          Put(ResultOf(std::to_string(t), i, std::to_string(i)));
        } else if (!store_->Fleet(1, "", [](const FleetCluster&) { return true; })) {
          ++wrong;
        }
      }
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(store_->Meta(1, "0")->request_id, "24");
}

TEST_P(StoreContract, AReaderSeesWholeResultsWhileTheyChange) {
  const auto version = [](int i) {
    ClusterResult result = ResultOf(kCluster, i, std::to_string(i), {});
    for (int k = 0; k <= i % 3; ++k) {
      result.hits.push_back({fmt::format("m{}.report", k), "K", std::to_string(i)});
    }
    result.version = std::to_string(i);
    return result;
  };
  Put(version(0));
  std::atomic<bool> done = false;
  std::atomic<int> wrong = 0;
  std::vector<std::thread> readers;
  for (int t = 0; t < 6; ++t) {
    readers.emplace_back([&, t] {
      int last = 0;
      while (!done) {
        const auto report = store_->Report(1, kCluster, "").value();
        const int i = std::stoi(report.meta.request_id);
        if (i < last || report.meta.version != report.meta.request_id) ++wrong;
        if (static_cast<int>(report.hits.size()) != i % 3 + 1) ++wrong;
        for (const ReportHit& hit : report.hits) wrong += hit.details != report.meta.request_id;
        last = i;
        if (t == 0) {
          const auto counts = store_->RuleCounts(1).value();
          if (counts.empty() || counts.size() > 3) ++wrong;
        }
      }
    });
  }
  for (int i = 1; i <= 60; ++i) Put(version(i));
  done = true;
  for (auto& reader : readers) reader.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(StoreContract, SaysItsVersions) {
  const auto versions = store_->Versions().value();
  EXPECT_EQ(versions.recommendations, 32);
  EXPECT_EQ(versions.workloads, 4);
  EXPECT_GE(versions.own, 4);  // each store has steps of its own
  EXPECT_TRUE(store_->Check());
}

}  // namespace
}  // namespace insightd::store::testing
