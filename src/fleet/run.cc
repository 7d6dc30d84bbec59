#include "fleet/run.h"

#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <cctype>
#include <map>
#include <memory>
#include <set>
#include <thread>

#include "fleet/supply.h"

namespace insightd::fleet {
namespace {

constexpr microseconds kNever = microseconds::max();
constexpr milliseconds kWaitMax{50};
constexpr milliseconds kProgressEvery{200};
constexpr seconds kStopWaitMax{10};
// Looking whether a report is there: often at first, then less, and together at most so often.
constexpr milliseconds kLookFirst{2};
constexpr milliseconds kLookMax{250};
constexpr microseconds kLookApart{1500};
// The API shows times of checking in whole seconds: uploads of one cluster that are nearer cannot
// be told apart, and the later one is not watched.
constexpr milliseconds kToldApart{1100};
constexpr std::size_t kExampleBytesMax = 160;
constexpr std::size_t kLatenciesMax = 1'000'000;

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto in_seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime);
}

double Milliseconds(microseconds time) { return static_cast<double>(time.count()) * 1e-3; }

// The value below which `share` of all lie; nearest rank.
double AtShare(const std::vector<double>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(share * static_cast<double>(sorted.size()) + 0.999999);
  return sorted[std::clamp<std::size_t>(rank, 1, sorted.size()) - 1];
}

Latency Summary(std::vector<double> all) {
  Latency latency;
  latency.count = all.size();
  if (all.empty()) return latency;
  std::sort(all.begin(), all.end());
  latency.p50_ms = AtShare(all, 0.5);
  latency.p99_ms = AtShare(all, 0.99);
  latency.max_ms = all.back();
  return latency;
}

std::string FirstLine(std::string_view text) {
  text = text.substr(0, text.find_first_of("\r\n"));
  return std::string(text.substr(0, kExampleBytesMax));
}

bool IsThisMachine(std::string_view url) {
  const std::string_view host = url.substr(url.find("//") + 2);
  return host.starts_with("127.") || host.starts_with("localhost") || host.starts_with("[::1]");
}

// When which upload is due.
class Schedule {
 public:
  Schedule(const RunOptions& options, microseconds start)
      : options_(options), start_(start), clusters_(static_cast<std::uint64_t>(options.clusters)) {}

  bool is_once() const { return options_.interval.count() == 0 && options_.rate_per_s == 0; }

  microseconds Due(std::uint64_t upload) const {
    if (options_.uploads_max > 0 && upload >= options_.uploads_max) return kNever;
    const microseconds due = start_ + After(upload);
    if (is_once() && upload >= clusters_) return kNever;
    return options_.duration.count() > 0 && due > start_ + options_.duration ? kNever : due;
  }

 private:
  microseconds After(std::uint64_t upload) const {
    if (options_.rate_per_s > 0) {
      return microseconds(
          static_cast<std::int64_t>(static_cast<double>(upload) * 1e6 / options_.rate_per_s));
    }
    // The first round at once, the others spread over the interval.
    const auto round = static_cast<std::int64_t>(upload / clusters_);
    if (round == 0) return microseconds(0);
    const auto place = static_cast<std::int64_t>(upload % clusters_);
    return options_.interval * round +
           options_.interval * place / static_cast<std::int64_t>(clusters_);
  }

  const RunOptions& options_;
  microseconds start_;
  std::uint64_t clusters_;
};

class Runner {
 public:
  Runner(const Generator& generator, const RunOptions& options, const Clock& clock,
         const RunEvents& events, std::vector<Cluster> clusters)
      : generator_(generator),
        options_(options),
        clock_(clock),
        events_(events),
        clusters_(std::move(clusters)),
        connections_(options.target, clock) {
    for (const Cluster& cluster : clusters_) {
      result_.clusters.push_back({.cluster = cluster,
                                  .uploads_accepted = 0,
                                  .gathered_at = std::nullopt,
                                  .report = std::nullopt});
    }
    first_round_open_ = clusters_.size();
    first_open_.assign(clusters_.size(), true);
    last_begun_.assign(clusters_.size(), microseconds::min() / 2);
    same_clock_ = IsThisMachine(options.target.url);
  }

  Result<RunResult> Go(std::stop_token stop) {
    if (options_.prepare) {
      if (auto made = Prepare(stop); !made) return Fail(made.error());
    }
    const double cpu_before = CpuSeconds();
    start_ = clock_.Steady();
    next_watch_ = start_;
    ended_at_ = start_;
    const Schedule schedule(options_, start_);
    std::unique_ptr<Supply> supply;
    if (!options_.prepare) {
      supply = std::make_unique<Supply>(
          generator_, clusters_, clock_,
          [&schedule](std::uint64_t upload) { return schedule.Due(upload); },
          [this] { connections_.Wake(); });
    }
    microseconds stopped_at = kNever;
    while (true) {
      const microseconds now = clock_.Steady();
      if (stop.stop_requested() && stopped_at == kNever) stopped_at = now;
      const bool stopping = stopped_at != kNever;
      if (!stopping) {
        if (auto begun = BeginDue(schedule, supply.get(), now); !begun) {
          return Fail(begun.error());
        }
      }
      LookAgain(now);
      const bool idle = connections_.uploads_under_way() == 0 && asking_ == 0;
      if (stopping && (idle || now > stopped_at + kStopWaitMax)) break;
      if (!stopping && idle && watching_.empty() && schedule.Due(next_) == kNever) break;
      Tell(now);
      connections_.Run(WaitFor(schedule, now));
    }
    supply.reset();
    Conclude(cpu_before);
    return std::move(result_);
  }

 private:
  // One upload from its sending until its report is there.
  struct Watch {
    std::size_t cluster;
    microseconds started_at;
    Time sent_at;  // the same by the wall clock
    microseconds look_at;
    microseconds pause;
    Time gathered_at;
    std::string request_id;  // to ask for its end with; empty: its report has to tell
    bool has_ended = false;
    bool looking = false;
  };

  Result<void> Prepare(std::stop_token stop) {
    std::atomic<std::uint64_t> made = 0;
    std::atomic<bool> done = false;
    Result<std::vector<Packed>> all;
    std::jthread worker([&] {
      all = MakeAll(generator_, clusters_, clock_,
                    static_cast<int>(std::max(1U, std::thread::hardware_concurrency())), stop,
                    [&made] { ++made; });
      done = true;
      connections_.Wake();
    });
    while (!done) {
      if (events_.progress)
        events_.progress({.made = made, .uploads = 0, .readable = 0, .failed = 0});
      connections_.Run(kProgressEvery);
    }
    worker.join();
    if (!all) return Fail(all.error());
    prepared_ = std::move(*all);
    return {};
  }

  // Starts what is due as far as the bound on uploads at once allows.
  Result<void> BeginDue(const Schedule& schedule, Supply* supply, microseconds now) {
    while (schedule.Due(next_) <= now) {
      if (connections_.uploads_under_way() + asking_first_ >= options_.uploads_at_once_max) {
        if (now - schedule.Due(next_) > kWaitMax && !schedule.is_once() && late_counted_ != next_) {
          late_counted_ = next_;
          ++result_.late;
        }
        return {};
      }
      const std::size_t cluster = next_ % clusters_.size();
      Packed packed;
      if (supply == nullptr) {
        packed = prepared_[cluster];
      } else {
        auto taken = supply->Take();
        if (!taken) return Fail(taken.error());
        packed = std::move(*taken);
      }
      starved_ = packed.bytes == nullptr;
      if (starved_) return {};
      ++next_;
      Begin(cluster, std::move(packed), now);
    }
    return {};
  }

  void Begin(std::size_t cluster, Packed packed, microseconds now) {
    const bool told_apart = now - last_begun_[cluster] >= kToldApart;
    const bool by_id = ends_are_told_.value_or(false);
    const bool watched = IsFirst(cluster) || (now >= next_watch_ && (by_id || told_apart));
    last_begun_[cluster] = now;
    if (!watched) {
      Send(cluster, std::move(packed), false);
      return;
    }
    next_watch_ = std::max(
        now, next_watch_ + microseconds(static_cast<std::int64_t>(1e6 / kWatchedPerSecondMax)));
    ++result_.watched;
    if (by_id || same_clock_ || result_.clusters[cluster].report) {
      Send(cluster, std::move(packed), true);
      return;
    }
    // What is there already, from another run, is not to be taken for the new one.
    ++asking_;
    ++asking_first_;
    connections_.Get(ReportPath(clusters_[cluster].id), [this, cluster, packed](const Answer& a) {
      --asking_;
      --asking_first_;
      if (a.status == 200) {
        if (auto report = ReadReport(a.body)) known_[cluster] = report->last_checked_at;
      }
      Send(cluster, packed, true);
    });
  }

  // At high rates most first uploads are not watched either.
  bool IsFirst(std::size_t cluster) const {
    return options_.rate_per_s == 0 && first_open_[cluster];
  }

  void Send(std::size_t cluster, Packed packed, bool watched) {
    const Time gathered_at = packed.gathered_at;
    const Time sent_at = clock_.Now();
    const std::size_t bytes = packed.bytes->size();
    connections_.Send({.cluster_id = clusters_[cluster].id,
                       .version = clusters_[cluster].version,
                       .archive = std::move(packed.bytes),
                       .gathered_at = gathered_at},
                      [this, cluster, watched, gathered_at, sent_at, bytes](const Answer& answer) {
                        Sent(cluster, watched, gathered_at, sent_at, bytes, answer);
                      });
  }

  void Sent(std::size_t cluster, bool watched, Time gathered_at, Time sent_at, std::size_t bytes,
            const Answer& answer) {
    ++result_.uploads;
    ended_at_ = answer.ended_at;
    if (answer.status < 200 || answer.status > 299) {
      ++result_.failed;
      if (answer.status == 0) {
        Count(std::string(kNoAnswer), answer.error);
      } else {
        Count(fmt::format("HTTP {}", answer.status), FirstLine(answer.body));
      }
      if (watched) {
        --result_.watched;
        CloseFirst(cluster);
      }
      return;
    }
    ++result_.accepted;
    result_.bytes += bytes;
    Keep(upload_ms_, answer.ended_at - answer.started_at);
    ClusterState& state = result_.clusters[cluster];
    ++state.uploads_accepted;
    state.gathered_at = gathered_at;
    if (!watched) return;
    watching_.push_back(std::make_unique<Watch>(Watch{.cluster = cluster,
                                                      .started_at = answer.started_at,
                                                      .sent_at = sent_at,
                                                      .look_at = answer.ended_at,
                                                      .pause = kLookFirst,
                                                      .gathered_at = gathered_at,
                                                      .request_id = IdToAskWith(answer)}));
  }

  std::string IdToAskWith(const Answer& answer) const {
    const bool is_plain = std::all_of(
        answer.request_id.begin(), answer.request_id.end(),
        [](unsigned char c) { return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.'; });
    return is_plain && ends_are_told_.value_or(true) ? answer.request_id : "";
  }

  void LookAgain(microseconds now) {
    const microseconds pause_min = kLookApart * static_cast<std::int64_t>(watching_.size());
    for (const std::unique_ptr<Watch>& watch : watching_) {
      if (watch->looking || watch->look_at > now) continue;
      watch->looking = true;
      watch->pause = std::min<microseconds>(kLookMax, watch->pause * 5 / 4);
      watch->look_at = now + std::max(watch->pause, pause_min);
      ++asking_;
      const bool for_end = !watch->request_id.empty() && !watch->has_ended;
      connections_.Get(
          for_end ? UploadPath(watch->request_id) : ReportPath(clusters_[watch->cluster].id),
          [this, seen_by = watch.get()](const Answer& answer) {
            --asking_;
            Looked(*seen_by, answer);
          });
    }
  }

  void Looked(Watch& watch, const Answer& answer) {
    watch.looking = false;
    if (!watch.request_id.empty() && !watch.has_ended) {
      const EndSeen end = ReadEnd(answer.status, answer.body, watch.request_id);
      if (end == EndSeen::kLost) return GiveUp(watch, "ended without a report");
      if (end == EndSeen::kNobodySays) {
        ends_are_told_ = false;
        watch.request_id.clear();
      }
      watch.has_ended = end == EndSeen::kReadable;
      if (watch.has_ended) ends_are_told_ = true;
      if (end != EndSeen::kNotYet) watch.look_at = answer.ended_at;
    } else if (answer.status == 200) {
      auto report = ReadReport(answer.body);
      if (report && (watch.has_ended || IsNew(watch, *report))) {
        ++result_.readable;
        Keep(readable_ms_, answer.ended_at - watch.started_at);
        known_[watch.cluster] = report->last_checked_at;
        result_.clusters[watch.cluster].report = std::move(*report);
        return Forget(watch);
      }
    }
    if (answer.ended_at - watch.started_at < options_.readable_time_max) return;
    GiveUp(watch,
           fmt::format("not readable after {} s", options_.readable_time_max.count() / 1'000'000));
  }

  void GiveUp(Watch& watch, const std::string& why) {
    ++result_.not_readable;
    Count(why, clusters_[watch.cluster].name + " " + clusters_[watch.cluster].id);
    Forget(watch);
  }

  bool IsNew(const Watch& watch, const ReportSeen& report) const {
    if (report.gathered_at && *report.gathered_at < watch.gathered_at) return false;
    if (same_clock_) {
      const auto checked_at = ParseTime(report.last_checked_at);  // whole seconds
      return checked_at && *checked_at >= std::chrono::floor<seconds>(watch.sent_at);
    }
    const auto known = known_.find(watch.cluster);
    return known == known_.end() || known->second != report.last_checked_at;
  }

  void Forget(Watch& watch) {
    const std::size_t cluster = watch.cluster;
    std::erase_if(watching_,
                  [&watch](const std::unique_ptr<Watch>& other) { return other.get() == &watch; });
    CloseFirst(cluster);
  }

  void CloseFirst(std::size_t cluster) {
    if (!first_open_[cluster]) return;
    first_open_[cluster] = false;
    if (--first_round_open_ > 0 || !events_.first_round) return;
    RunResult so_far = result_;
    Summarise(so_far);
    events_.first_round(so_far);
  }

  void Count(const std::string& what, const std::string& example) {
    auto at = std::find_if(result_.failures.begin(), result_.failures.end(),
                           [&](const Reason& reason) { return reason.what == what; });
    if (at == result_.failures.end()) {
      constexpr std::string_view kOthers = "other reasons";
      if (result_.failures.size() >= kReasonsMax && what != kOthers) {
        return Count(std::string(kOthers), example);
      }
      at = result_.failures.insert(at, {.what = what, .count = 0, .example = {}});
    }
    ++at->count;
    // Clusters are named, of other examples one is enough.
    if (at->example.empty()) {
      at->example = example;
    } else if (what.starts_with("not readable") && at->count <= kNamedMax) {
      at->example += ", " + example;
    }
  }

  static void Keep(std::vector<double>& latencies, microseconds took) {
    if (latencies.size() < kLatenciesMax) latencies.push_back(Milliseconds(took));
  }

  milliseconds WaitFor(const Schedule& schedule, microseconds now) const {
    microseconds next = now + kWaitMax;
    const bool full =
        connections_.uploads_under_way() + asking_first_ >= options_.uploads_at_once_max;
    if (!full && !starved_)
      next = std::min(next, std::max(schedule.Due(next_), now + milliseconds(1)));
    for (const std::unique_ptr<Watch>& watch : watching_) {
      if (!watch->looking) next = std::min(next, watch->look_at);
    }
    return std::max(milliseconds(0), std::chrono::ceil<milliseconds>(next - now));
  }

  void Tell(microseconds now) {
    if (!events_.progress || now < tell_at_) return;
    tell_at_ = now + kProgressEvery;
    events_.progress({.made = prepared_.size(),
                      .uploads = result_.uploads,
                      .readable = result_.readable,
                      .failed = result_.failed + result_.not_readable});
  }

  void Summarise(RunResult& result) const {
    result.upload = Summary(upload_ms_);
    result.readable_after = Summary(readable_ms_);
    result.seconds = Milliseconds(ended_at_ - start_) * 1e-3;
    std::stable_sort(result.failures.begin(), result.failures.end(),
                     [](const Reason& a, const Reason& b) { return a.count > b.count; });
  }

  void Conclude(double cpu_before) {
    // What was still watched when it stopped is neither readable nor not.
    result_.watched = result_.readable + result_.not_readable;
    result_.cpu_s = CpuSeconds() - cpu_before;
    Summarise(result_);
  }

  const Generator& generator_;
  const RunOptions& options_;
  const Clock& clock_;
  const RunEvents& events_;
  std::vector<Cluster> clusters_;
  std::vector<Packed> prepared_;
  RunResult result_;
  std::vector<double> upload_ms_;
  std::vector<double> readable_ms_;
  // On this machine times of checking can be compared with ours; elsewhere a new one is one that
  // was not there before.
  bool same_clock_ = false;
  // Whether the other side tells how uploads end; nothing until it has said so.
  std::optional<bool> ends_are_told_;
  std::map<std::size_t, std::string> known_;  // time of checking last seen, by cluster
  std::vector<microseconds> last_begun_;
  std::vector<std::unique_ptr<Watch>> watching_;
  std::vector<bool> first_open_;
  std::size_t first_round_open_ = 0;
  std::size_t asking_ = 0;
  std::size_t asking_first_ = 0;  // before an upload
  std::uint64_t next_ = 0;
  bool starved_ = false;  // the next archive is not made yet; the supply wakes us
  std::uint64_t late_counted_ = ~std::uint64_t{0};
  microseconds start_{};
  microseconds ended_at_{};
  microseconds next_watch_{};
  microseconds tell_at_{};
  Connections connections_;  // last: its callbacks use the others
};

}  // namespace

Result<RunResult> Run(const Generator& generator, const RunOptions& options, const Clock& clock,
                      std::stop_token stop, const RunEvents& events) {
  if (options.clusters < 1 || options.uploads_at_once_max < 1) {
    return Fail(Code::kInvalid, "a fleet has at least one cluster and one upload at once");
  }
  if (options.interval.count() > 0 && options.rate_per_s > 0) {
    return Fail(Code::kInvalid, "an interval and a rate exclude each other");
  }
  if (!options.target.url.starts_with("http://") && !options.target.url.starts_with("https://")) {
    return Fail(Code::kInvalid, fmt::format("{} is no http or https URL", options.target.url));
  }
  std::vector<Cluster> clusters;
  const Time now = clock.Now();
  for (std::int64_t i = 0; i < options.clusters; ++i) {
    auto cluster =
        generator.Draw(options.seed, static_cast<std::uint64_t>(i), options.cluster, now);
    if (!cluster) return Fail(cluster.error());
    clusters.push_back(std::move(*cluster));
  }
  return Runner(generator, options, clock, events, std::move(clusters)).Go(std::move(stop));
}

}  // namespace insightd::fleet
