#include "fleet/supply.h"

#include <algorithm>
#include <atomic>

namespace insightd::fleet {
namespace {

// So long before it is due an archive is made: then its time of gathering is a true one.
constexpr seconds kEarly{2};
constexpr milliseconds kLookAgain{200};

Result<Packed> MakeOne(const Generator& generator, const Cluster& cluster, const Clock& clock) {
  const Time now = std::chrono::floor<seconds>(clock.Now());
  auto bytes = generator.Archive(cluster, now);
  if (!bytes) return Fail(Error(bytes.error()).While("making the archive of " + cluster.name));
  return Packed{std::make_shared<const std::string>(std::move(*bytes)), now};
}

}  // namespace

Result<std::vector<Packed>> MakeAll(const Generator& generator,
                                    const std::vector<Cluster>& clusters, const Clock& clock,
                                    int threads, std::stop_token stop,
                                    const std::function<void()>& made) {
  std::vector<Packed> all(clusters.size());
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;
  std::unique_ptr<Error> error;
  const auto work = [&] {
    for (std::size_t i = next++; i < clusters.size() && !stop.stop_requested(); i = next++) {
      auto packed = MakeOne(generator, clusters[i], clock);
      if (!packed) {
        const std::lock_guard lock(mutex);
        error = std::make_unique<Error>(packed.error());
        next = clusters.size();
        return;
      }
      all[i] = std::move(*packed);
      made();
    }
  };
  {
    std::vector<std::jthread> workers;
    for (int i = 1; i < threads; ++i) workers.emplace_back(work);
    work();
  }
  if (error) return Fail(*error);
  return all;
}

Supply::Supply(const Generator& generator, const std::vector<Cluster>& clusters, const Clock& clock,
               Due due, std::function<void()> ready)
    : generator_(generator),
      clusters_(clusters),
      clock_(clock),
      due_(std::move(due)),
      ready_(std::move(ready)),
      thread_([this](std::stop_token stop) { Make(std::move(stop)); }) {}

Supply::~Supply() = default;  // the thread is told to stop and waited for first

void Supply::Make(std::stop_token stop) {
  for (std::uint64_t upload = 0; !stop.stop_requested(); ++upload) {
    const microseconds due = due_(upload);
    {
      std::unique_lock lock(mutex_);
      while (!stop.stop_requested() &&
             (made_.size() >= kAheadMax || made_bytes_ >= kAheadBytesMax ||
              clock_.Steady() < due - kEarly)) {
        changed_.wait_for(lock, stop, kLookAgain, [] { return false; });
        if (made_.size() < kAheadMax && made_bytes_ < kAheadBytesMax &&
            clock_.Steady() >= due - kEarly) {
          break;
        }
      }
    }
    if (stop.stop_requested()) return;
    auto packed = MakeOne(generator_, clusters_[upload % clusters_.size()], clock_);
    {
      const std::lock_guard lock(mutex_);
      if (!packed) {
        error_ = std::make_unique<Error>(packed.error());
      } else {
        made_bytes_ += packed->bytes->size();
        made_.push_back(std::move(*packed));
      }
    }
    ready_();
    if (!packed) return;
  }
}

Result<Packed> Supply::Take() {
  const std::lock_guard lock(mutex_);
  if (made_.empty()) {
    if (error_) return Fail(*error_);
    return Packed{};
  }
  Packed packed = std::move(made_.front());
  made_.pop_front();
  made_bytes_ -= packed.bytes->size();
  changed_.notify_all();
  return packed;
}

}  // namespace insightd::fleet
