// Random sequences of all that changes the store give the answers that a model in memory gives.
//
// A sequence is a list of numbers, each of which says one step whatever the others are, so that one
// that goes wrong can be made shorter. INSIGHTD_TEST_SEED=n runs the sequence of that seed alone,
// INSIGHTD_TEST_SEEDS=n more of them.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <cstdlib>
#include <random>

#include "store/decide.h"
#include "store/feedback_check.h"
#include "store/testing/contract.h"
#include "store/testing/model.h"
#include "store/testing/questions.h"

namespace insightd::store::testing {
namespace {

constexpr std::uint64_t kSeeds = 3;
constexpr std::uint64_t kSteps = 250;
constexpr int kQuestions = 8;  // behind each step
constexpr int kReplaysMax = 80;

const std::array<std::int64_t, 3> kOrganizations = {1, 2, 4'294'967'295};
const std::array<std::string, 4> kClusters = {"A", "a", "a-b", kCluster};
const std::array<std::string, 4> kComponents = {"x.report", "x", "y.z.report", "y.report"};
const std::array<std::string, 2> kKeys = {"K", "L"};
const std::array<std::string, 2> kUsers = {"u", "V"};
const std::array<std::string, 3> kTexts = {"", "why", "it's 100 % \"\u00fcber\" \\ so"};
const std::array<std::string, 3> kDetails = {"", "{}", R"({"x":1})"};

// What a number says: the low bits are its place in the sequence.
class Step {
 public:
  explicit Step(std::uint64_t number) : place_(static_cast<int>(number & 0xffff)), dice_(number) {}

  int Below(int end) { return static_cast<int>(dice_() % static_cast<std::uint64_t>(end)); }
  bool OneIn(int times) { return Below(times) == 0; }
  template <class List>
  const auto& Of(const List& list) {
    return list[static_cast<std::size_t>(Below(static_cast<int>(list.size())))];
  }
  std::int64_t Organization() { return OneIn(3) ? Of(kOrganizations) : kOrganizations[0]; }
  // Two steps at the same time now and then.
  Time Now() const { return At(1'000) + microseconds(300'123) * (place_ / 2); }
  std::string RequestId(const std::string& cluster, int checked) {
    return fmt::format("{}/{}/{}", cluster, checked, Below(2));
  }
  int Checked() { return place_ / 4 + Below(8); }

  std::vector<ClusterResult> Results();
  Question NextQuestion();

 private:
  int place_;
  std::mt19937_64 dice_;
};

std::vector<ClusterResult> Step::Results() {
  // A cluster has one organisation in a batch.
  std::array<std::int64_t, kClusters.size()> organizations{};
  for (std::int64_t& organization : organizations) organization = Organization();
  std::vector<ClusterResult> results;
  for (int left = 1 + Below(3); left > 0; --left) {
    const auto which = static_cast<std::size_t>(Below(static_cast<int>(kClusters.size())));
    const int checked = Checked();
    ClusterResult result =
        ResultOf(kClusters[which], checked, RequestId(kClusters[which], checked), {});
    result.org_id = organizations[which];
    if (OneIn(4)) result.gathered.reset();
    if (OneIn(5)) result.archive.clear();
    if (OneIn(2)) result.version.reset();
    if (OneIn(4)) result.version = OneIn(2) ? "4.19.0" : "";
    if (OneIn(4)) result.counts.passes = 0;
    for (int hits = Below(5); hits > 0; --hits) {
      result.hits.push_back({Of(kComponents), Of(kKeys), Of(kDetails)});
    }
    result.nothing_judged = result.hits.empty() && result.counts.passes == 0;
    result.empty = OneIn(15);
    results.push_back(std::move(result));
  }
  return results;
}

Question Step::NextQuestion() {
  Question question{.asks = static_cast<Asks>(Below(kAsks)),
                    .org_id = Organization(),
                    .cluster = Of(kClusters),
                    .component = Of(kComponents),
                    .key = Of(kKeys),
                    .user = Of(kUsers)};
  question.request_id = RequestId(question.cluster, Checked());
  question.since = Now() - seconds(Below(20));
  for (int left = Below(5); left > 0; --left) question.clusters.push_back(Of(kClusters));
  if (OneIn(4)) question.clusters.emplace_back("not there");
  return question;
}

// What a call that changes something gave back.
template <class T>
std::string Outcome(const Result<T>& result) {
  if (!result) return fmt::format("error {}", CodeName(result.error().code()));
  if constexpr (std::is_void_v<T>) {
    return "good";
  } else {
    return fmt::format("{}", *result);
  }
}

std::string Outcome(const std::vector<PutOutcome>& outcomes) {
  std::string text;
  for (const PutOutcome outcome : outcomes) text += fmt::format("{} ", static_cast<int>(outcome));
  return text;
}

// Does it to both; the step in words goes to `words`. Nothing, or how the outcomes differ.
std::string Do(Step& step, Store& store, Model& model, std::string& words) {
  const std::int64_t org = step.Organization();
  const std::string cluster = step.Of(kClusters);
  const std::string component = step.Of(kComponents);
  const std::string rule(RuleOf(component));
  const std::string key = step.Of(kKeys);
  const std::string user = step.Of(kUsers);
  const std::string text = step.Of(kTexts);
  const HitName hit{cluster, component, key};
  const auto both = [&](std::string doing, const auto& call) -> std::string {
    words = fmt::format("{}: {}", step.Now().time_since_epoch().count(), std::move(doing));
    const std::string theirs = Outcome(call(store));
    const std::string mine = Outcome(call(model));
    return theirs == mine ? "" : fmt::format("gave {}, the model {}", theirs, mine);
  };
  const int dice = step.Below(100);
  if (dice < 40) {
    const std::vector<ClusterResult> results = step.Results();
    words = fmt::format("{}: put", step.Now().time_since_epoch().count());
    for (const ClusterResult& result : results) {
      words += fmt::format(" [{} of {} version {}{}{}", result.request_id, result.org_id,
                           result.version.value_or("-"), result.empty ? " empty" : "",
                           result.nothing_judged ? " nothing judged" : "");
      for (const Hit& one : result.hits) {
        words += fmt::format(" {}|{} {}", one.component, one.key, one.details);
      }
      words += "]";
    }
    const auto put = store.Put(results);
    if (!put) return put.error().message();
    const std::string theirs = Outcome(*put);
    const std::string mine = Outcome(model.Put(results));
    return theirs == mine ? "" : fmt::format("gave {}, the model {}", theirs, mine);
  }
  if (dice < 52) {
    const int vote = step.Below(3) - 1;
    return both(
        fmt::format("vote {} of {} {} {}|{} by {}", vote, org, cluster, component, key, user),
        [&](auto& any) { return any.PutVote(org, hit, user, vote, text); });
  }
  if (dice < 64) {
    const bool disabled = !step.OneIn(3);
    return both(fmt::format("toggle {} of {} {} {}|{}", disabled, org, cluster, component, key),
                [&](auto& any) { return any.PutToggle(org, hit, disabled); });
  }
  if (dice < 75) {
    return both(
        fmt::format("feedback '{}' of {} {} {}|{} by {}", text, org, cluster, component, key, user),
        [&](auto& any) { return any.PutDisableFeedback(org, hit, user, text); });
  }
  if (dice < 81) {
    return both(fmt::format("acknowledge '{}' of {} {}|{}", text, org, rule, key),
                [&](auto& any) { return any.PutAcknowledgement(org, rule, key, text); });
  }
  if (dice < 85) {
    return both(fmt::format("update '{}' of {} {}|{}", text, org, rule, key),
                [&](auto& any) { return any.UpdateAcknowledgement(org, rule, key, text); });
  }
  if (dice < 88) {
    return both(fmt::format("drop of {} {}|{}", org, rule, key),
                [&](auto& any) { return any.DropAcknowledgement(org, rule, key); });
  }
  if (dice < 93) {
    const std::int64_t rating = step.OneIn(8) ? 32'768 : step.Below(3) - 1;
    return both(fmt::format("rate {} of {} {}|{}", rating, org, rule, key),
                [&](auto& any) { return any.PutRating(org, rule, key, rating); });
  }
  if (dice < 98) {
    return both(fmt::format("remove {}", cluster),
                [&](auto& any) { return any.RemoveResultOfCluster(cluster); });
  }
  return both(fmt::format("remove organisation {}", org),
              [&](auto& any) { return any.RemoveResultsOfOrganization(org); });
}

std::string Compare(Store& store, Model& model, const Question& question) {
  const std::string theirs = Answer(store, question);
  const std::string mine = Answer(model, question);
  if (theirs == mine) return {};
  return fmt::format("{}\nthe store: {}\nthe model: {}", TextOf(question), theirs, mine);
}

// All that can be asked but of single clusters and uploads, of which a part stands for all.
std::string CompareAll(Store& store, Model& model) {
  const std::vector<std::string> clusters(kClusters.begin(), kClusters.end());
  for (int asks = 0; asks < kAsks; ++asks) {
    for (const std::int64_t org : kOrganizations) {
      for (const std::string& cluster : kClusters) {
        for (const std::string& component : kComponents) {
          for (const std::string& user : kUsers) {
            const Question question{.asks = static_cast<Asks>(asks),
                                    .org_id = org,
                                    .cluster = cluster,
                                    .component = component,
                                    .key = kKeys[0],
                                    .user = user,
                                    .clusters = clusters};
            std::string different = Compare(store, model, question);
            if (!different.empty()) return different;
            const bool once =
                asks == static_cast<int>(Asks::kFleet) || asks == static_cast<int>(Asks::kReleased);
            if (once) break;
          }
        }
      }
    }
  }
  return {};
}

// Leaves out what is not needed for it to go wrong.
template <class Run>
std::string Shortened(const Run& run, std::vector<std::uint64_t> numbers, std::string wrong) {
  int replays = 0;
  for (std::size_t part = numbers.size() / 2; part > 0; part /= 2) {
    for (std::size_t at = 0; at + part <= numbers.size() && replays < kReplaysMax;) {
      std::vector<std::uint64_t> fewer = numbers;
      const auto begin = fewer.begin() + static_cast<std::ptrdiff_t>(at);
      fewer.erase(begin, begin + static_cast<std::ptrdiff_t>(part));
      ++replays;
      std::string still = run(fewer);
      if (still.empty()) {
        at += part;
      } else {
        numbers = std::move(fewer);
        wrong = std::move(still);
      }
    }
  }
  return fmt::format("{}\nthe numbers: {}", wrong, fmt::join(numbers, " "));
}

std::uint64_t NumberIn(const char* variable, std::uint64_t otherwise) {
  const char* const text = std::getenv(variable);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST_P(StoreContract, GivesTheAnswersOfAModelWhateverIsDoneInWhateverOrder) {
  // Nothing, or what went wrong.
  const auto run = [this](const std::vector<std::uint64_t>& numbers) -> std::string {
    Empty();
    Model model(clock_);
    std::string told;
    for (const std::uint64_t number : numbers) {
      Step step(number);
      clock_.Set(step.Now());
      std::string words;
      std::string different = Do(step, *store_, model, words);
      told.append(words).append("\n");
      for (int i = 0; i < kQuestions && different.empty(); ++i) {
        different = Compare(*store_, model, step.NextQuestion());
      }
      if (!different.empty()) return told + different;
    }
    const std::string different = CompareAll(*store_, model);
    return different.empty() ? "" : told + different;
  };
  const std::uint64_t first = NumberIn("INSIGHTD_TEST_SEED", 0);
  const std::uint64_t seeds = first != 0 ? 1 : NumberIn("INSIGHTD_TEST_SEEDS", kSeeds);
  for (std::uint64_t i = 0; i < seeds; ++i) {
    const std::uint64_t seed = first != 0 ? first : i + 1;
    std::mt19937_64 random(seed);
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t place = 0; place < kSteps; ++place) {
      numbers.push_back((random() & ~std::uint64_t{0xffff}) | place);
    }
    std::string wrong = run(numbers);
    if (wrong.empty()) continue;
    FAIL() << "INSIGHTD_TEST_SEED=" << seed << ":\n"
           << Shortened(run, std::move(numbers), std::move(wrong));
  }
}

}  // namespace
}  // namespace insightd::store::testing
