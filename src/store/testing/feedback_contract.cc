// What class Feedback promises, beside what the model says of it: times, texts, rows of others.
#include <fmt/format.h>

#include <limits>

#include "store/testing/contract.h"

namespace insightd::store::testing {
namespace {

const HitName kHit{kCluster, "x.report", "K"};

TEST_P(StoreContract, AVoteIsWrittenOverAndKeepsItsFirstTimeAndOrganisation) {
  EXPECT_EQ(store_->PutVote(1, kHit, "me", 1, "").error().code(), Code::kNotFound);
  Put(ResultOf(kCluster, 0, "r", {{"x.report", "K", ""}}));
  EXPECT_EQ(store_->FindVote(kHit, "me").error().code(), Code::kNotFound);
  clock_.Set(At(10));
  ASSERT_TRUE(store_->PutVote(1, kHit, "me", 1, "good"));
  clock_.Set(At(20));
  ASSERT_TRUE(store_->PutVote(2, kHit, "me", -1, ""));
  EXPECT_EQ(store_->FindVote(kHit, "me").value(), -1);
  EXPECT_EQ(store_->FindVote({kCluster, "x.report", "L"}, "me").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->FindVote(kHit, "you").error().code(), Code::kNotFound);
  EXPECT_EQ(Number(fmt::format("SELECT count(*) FROM cluster_rule_user_feedback WHERE "
                               "added_at = {} AND updated_at = {} AND org_id = '1' "
                               "AND message = ''",
                               engine_->Literal(At(10)), engine_->Literal(At(20)))),
            1);
  ASSERT_TRUE(store_->PutVote(1, kHit, "me", 0, ""));
  EXPECT_EQ(store_->FindVote(kHit, "me").value(), 0) << "taken back, and still there";
}

TEST_P(StoreContract, AVoteStandsAtAllKeysOfItsComponentUntilALaterOne) {
  Put(ResultOf(kCluster, 0, "r",
               {{"x.report", "K", ""}, {"x.report", "L", ""}, {"y.report", "K", ""}}));
  const auto votes = [this] {
    std::string text;
    const auto report = store_->Report(1, kCluster, "me");
    for (const ReportHit& hit : report->hits) {
      text += fmt::format("{} ", hit.user_vote);
    }
    return text;
  };
  clock_.Set(At(10));
  ASSERT_TRUE(store_->PutVote(1, {kCluster, "x.report", "GONE"}, "me", 1, ""));
  EXPECT_EQ(votes(), "1 1 0 ");
  clock_.Set(At(11));
  ASSERT_TRUE(store_->PutVote(1, {kCluster, "x.report", "K"}, "me", -1, ""));
  ASSERT_TRUE(store_->PutVote(1, {kCluster, "y.report", "K"}, "you", 1, ""));
  EXPECT_EQ(votes(), "-1 -1 0 ");
  EXPECT_EQ(store_->FindHit(1, kCluster, "x.report", "L", "me")->user_vote, -1);
}

TEST_P(StoreContract, AToggleKeepsTheTimeOfTheChangeThatIsInEffect) {
  clock_.Set(At(10));
  ASSERT_TRUE(store_->PutToggle(1, kHit, true));
  auto toggles = store_->Toggles(1).value();
  ASSERT_EQ(toggles.size(), 1U);
  EXPECT_EQ(toggles[0].disabled_at, At(10));
  EXPECT_EQ(toggles[0].updated, At(10));
  EXPECT_EQ(Number("SELECT count(*) FROM cluster_rule_toggle WHERE enabled_at IS NULL "
                   "AND disabled_check IS NULL"),
            1);
  clock_.Set(At(20));
  ASSERT_TRUE(store_->PutToggle(1, kHit, false));
  EXPECT_TRUE(store_->Toggles(1)->empty());
  EXPECT_EQ(Number(fmt::format("SELECT count(*) FROM cluster_rule_toggle WHERE disabled = 0 "
                               "AND disabled_at IS NULL AND enabled_at = {0} AND updated_at = {0}",
                               engine_->Literal(At(20)))),
            1);
  clock_.Set(At(30));
  ASSERT_TRUE(store_->PutToggle(2, kHit, true));
  EXPECT_TRUE(store_->Toggles(1)->empty()) << "it has the organisation of who was last";
  EXPECT_EQ(store_->Toggles(2)->at(0).disabled_at, At(30));
}

TEST_P(StoreContract, SilencedClustersComeNewestFirstEachWithTheNewestReason) {
  Toggle("a", "x.report", "K", At(1));
  Toggle("b", "x.report", "K", At(2));
  Toggle("c", "x.report", "K", std::nullopt);
  Toggle("d", "x.report", "K", At(9), /*disabled=*/false);
  Toggle("e", "x.report", "OTHER", At(9));
  Toggle("f", "x.report", "K", At(9), true, 2);
  Toggle("A", "x.report", "K", At(1));
  // The same moment as a foreign message has: that must not be taken for it.
  DisableFeedback("a", "x.report", "K", "u1", "old", At(5));
  DisableFeedback("a", "x.report", "K", "u2", "new", At(6));
  DisableFeedback("b", "x.report", "OTHER", "u1", "of another key", At(6));
  DisableFeedback("b", "y.report", "K", "u1", "of another rule", At(6));
  const auto silenced = store_->ClustersSilenced(1, "x.report", "K").value();
  std::string text;
  for (const SilencedCluster& one : silenced) {
    text += fmt::format("{}:{} ", one.cluster, one.justification);
  }
  EXPECT_EQ(text, "b: A: a:new c: ");
  EXPECT_EQ(silenced[0].disabled_at, At(2));
  EXPECT_FALSE(silenced[3].disabled_at);
  EXPECT_TRUE(store_->ClustersSilenced(1, "x", "K")->empty());
}

TEST_P(StoreContract, DisableFeedbackIsOneAUserAndHit) {
  clock_.Set(At(10));
  ASSERT_TRUE(store_->PutDisableFeedback(1, {"b", "x.report", "K"}, "me", "why"));
  ASSERT_TRUE(store_->PutDisableFeedback(1, {"a", "x.report", "K"}, "me", "because"));
  ASSERT_TRUE(store_->PutDisableFeedback(1, {"a", "x.report", "K"}, "you", "never"));
  clock_.Set(At(20));
  ASSERT_TRUE(store_->PutDisableFeedback(2, {"b", "x.report", "K"}, "me", "so"));
  const auto feedback = store_->DisableFeedbackOf("me").value();
  ASSERT_EQ(feedback.size(), 2U);
  EXPECT_EQ(feedback[0].cluster, "a");
  EXPECT_EQ(feedback[0].component, "x.report");
  EXPECT_EQ(feedback[0].key, "K");
  EXPECT_EQ(feedback[0].message, "because");
  EXPECT_EQ(feedback[1].message, "so");
  EXPECT_EQ(feedback[1].added, At(10));
  EXPECT_EQ(feedback[1].updated, At(20));
  EXPECT_EQ(Number("SELECT count(*) FROM cluster_user_rule_disable_feedback "
                   "WHERE org_id = '1'"),
            3)
      << "the first organisation stays";
  EXPECT_TRUE(store_->Toggles(1)->empty()) << "a word alone silences nothing";
}

TEST_P(StoreContract, AnAcknowledgementIsMadeChangedAndDropped) {
  EXPECT_FALSE(store_->UpdateAcknowledgement(1, "x.y", "K", "nothing there").value());
  EXPECT_EQ(store_->FindAcknowledgement(1, "x.y", "K").error().code(), Code::kNotFound);
  clock_.Set(At(10));
  ASSERT_TRUE(store_->PutAcknowledgement(1, "x.y", "K", "because"));
  EXPECT_EQ(store_->FindAcknowledgement(1, "x.y", "K")->created, At(10));
  EXPECT_FALSE(store_->FindAcknowledgement(1, "x.y", "K")->updated);
  clock_.Set(At(20));
  EXPECT_TRUE(store_->UpdateAcknowledgement(1, "x.y", "K", "otherwise").value());
  clock_.Set(At(30));
  ASSERT_TRUE(store_->PutAcknowledgement(1, "x.y", "K", "again"));
  const Acknowledgement one = store_->FindAcknowledgement(1, "x.y", "K").value();
  EXPECT_EQ(one.justification, "again");
  EXPECT_EQ(one.created, At(30));
  EXPECT_EQ(one.updated, At(20));
  EXPECT_EQ(store_->FindAcknowledgement(2, "x.y", "K").error().code(), Code::kNotFound);
  EXPECT_FALSE(store_->DropAcknowledgement(2, "x.y", "K").value());
  EXPECT_TRUE(store_->DropAcknowledgement(1, "x.y", "K").value());
  EXPECT_FALSE(store_->DropAcknowledgement(1, "x.y", "K").value());
  EXPECT_TRUE(store_->Acknowledgements(1)->empty());
}

TEST_P(StoreContract, ARatingKeepsItsFirstTime) {
  clock_.Set(At(10));
  ASSERT_TRUE(store_->PutRating(1, "x.y", "K", -1));
  clock_.Set(At(20));
  ASSERT_TRUE(store_->PutRating(1, "x.y", "K", 32'767));
  EXPECT_EQ(store_->FindRating(1, "x.y|K").value(), 32'767);
  EXPECT_EQ(store_->FindRating(1, "x.y").error().code(), Code::kNotFound);
  EXPECT_EQ(store_->FindRating(2, "x.y|K").error().code(), Code::kNotFound);
  EXPECT_EQ(Number(fmt::format("SELECT count(*) FROM advisor_ratings WHERE rated_at = {} "
                               "AND last_updated_at = {} AND rule_fqdn = 'x.y' "
                               "AND rule_id = 'x.y|K'",
                               engine_->Literal(At(10)), engine_->Literal(At(20)))),
            1);
  EXPECT_EQ(store_->PutRating(1, "x.y", "K", 32'768).error().code(), Code::kInvalid);
  EXPECT_EQ(store_->PutRating(1, "x.y", "K", -32'769).error().code(), Code::kInvalid);
  EXPECT_EQ(
      store_->PutRating(1, "x.y", "K", std::numeric_limits<std::int64_t>::max()).error().code(),
      Code::kInvalid);
  EXPECT_EQ(store_->FindRating(1, "x.y|K").value(), 32'767);
}

// What an older database may hold.
TEST_P(StoreContract, RowsWithoutTimeOrTextAreRead) {
  engine_->Execute(
      fmt::format("INSERT INTO rule_disable(org_id, rule_id, error_key, "
                  "justification, created_at) VALUES ('1', 'x', 'K', NULL, {})",
                  engine_->Literal(At(1))));
  engine_->Execute(
      "INSERT INTO advisor_ratings(org_id, rule_fqdn, error_key, rule_id) "
      "VALUES ('1', 'x', 'K', 'x|K')");
  Toggle(kCluster, "x.report", "K", std::nullopt);
  EXPECT_EQ(store_->FindAcknowledgement(1, "x", "K")->justification, "");
  EXPECT_FALSE(store_->FindAcknowledgement(1, "x", "K")->has_justification);
  EXPECT_EQ(store_->Acknowledgements(1)->at(0).justification, "");
  EXPECT_EQ(store_->FindRating(1, "x|K").value(), 0);
  EXPECT_FALSE(store_->Toggles(1)->at(0).disabled_at);
  EXPECT_FALSE(store_->TogglesOn(1, Keys{kCluster})->at(0).disabled_at);
  EXPECT_FALSE(store_->ClustersSilenced(1, "x.report", "K")->at(0).disabled_at);
  ASSERT_TRUE(store_->PutAcknowledgement(1, "x", "K", "now"));
  EXPECT_EQ(store_->FindAcknowledgement(1, "x", "K")->justification, "now");
  EXPECT_TRUE(store_->FindAcknowledgement(1, "x", "K")->has_justification);
}

TEST_P(StoreContract, OrganisationsOfAllSizesHaveTheirOwnWords) {
  for (const std::int64_t org :
       {std::int64_t{0}, std::int64_t{2'147'483'648}, std::int64_t{4'294'967'295}}) {
    EXPECT_TRUE(store_->Acknowledgements(org)->empty());
    EXPECT_TRUE(store_->Toggles(org)->empty());
    ASSERT_TRUE(store_->PutAcknowledgement(org, "x", "K", std::to_string(org)));
    EXPECT_EQ(store_->Acknowledgements(org)->at(0).justification, std::to_string(org));
  }
  for (const std::int64_t org :
       {std::int64_t{-1}, std::int64_t{4'294'967'296}, std::numeric_limits<std::int64_t>::max()}) {
    EXPECT_TRUE(store_->Acknowledgements(org)->empty());
    EXPECT_TRUE(store_->ClustersSilenced(org, "x.report", "K")->empty());
    EXPECT_EQ(store_->FindRating(org, "x|K").error().code(), Code::kNotFound);
    EXPECT_EQ(store_->PutToggle(org, kHit, true).error().code(), Code::kInvalid);
    EXPECT_EQ(store_->PutRating(org, "x", "K", 1).error().code(), Code::kInvalid);
  }
}

// They come from addresses and bodies that anybody may type.
TEST_P(StoreContract, WordsThatNoDatabaseTakesAreRefusedAndNotFound) {
  Put(ResultOf(kCluster, 0, "r"));
  for (const std::string& bad : {std::string("a\0b", 3), std::string("\xff")}) {
    EXPECT_EQ(store_->PutVote(1, kHit, bad, 1, "").error().code(), Code::kInvalid);
    EXPECT_EQ(store_->PutVote(1, kHit, "me", 1, bad).error().code(), Code::kInvalid);
    EXPECT_EQ(store_->PutToggle(1, {kCluster, bad, "K"}, true).error().code(), Code::kInvalid);
    EXPECT_EQ(store_->PutDisableFeedback(1, kHit, "me", bad).error().code(), Code::kInvalid);
    EXPECT_EQ(store_->PutAcknowledgement(1, "x", bad, "").error().code(), Code::kInvalid);
    EXPECT_EQ(store_->UpdateAcknowledgement(1, "x", "K", bad).error().code(), Code::kInvalid);
    EXPECT_EQ(store_->PutRating(1, bad, "K", 1).error().code(), Code::kInvalid);

    EXPECT_EQ(store_->FindVote(kHit, bad).error().code(), Code::kNotFound);
    EXPECT_TRUE(store_->TogglesOn(1, Keys{bad})->empty());
    EXPECT_TRUE(store_->ClustersSilenced(1, bad, "K")->empty());
    EXPECT_TRUE(store_->DisableFeedbackOf(bad)->empty());
    EXPECT_FALSE(store_->DropAcknowledgement(1, bad, "K").value());
    EXPECT_EQ(store_->FindAcknowledgement(1, bad, "K").error().code(), Code::kNotFound);
    EXPECT_EQ(store_->FindRating(1, bad).error().code(), Code::kNotFound);
  }
  const std::string large(3'000, 'x');
  EXPECT_EQ(store_->PutAcknowledgement(1, large, "K", "").error().code(), Code::kInvalid);
  EXPECT_TRUE(store_->PutAcknowledgement(1, std::string(2'000, 'x'), "K", large));
  EXPECT_EQ(store_->PutVote(1, kHit, "me", 2, "").error().code(), Code::kInvalid);
  const std::string quotes = "'; DROP TABLE report; -- %s $1 \\";
  ASSERT_TRUE(store_->PutVote(1, {kCluster, quotes, quotes}, quotes, 1, quotes));
  EXPECT_EQ(store_->FindVote({kCluster, quotes, quotes}, quotes).value(), 1);
}

}  // namespace
}  // namespace insightd::store::testing
