#include "app/health/watch.h"

#include <pthread.h>

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>
#include <utility>

#include "base/log.h"

namespace insightd::app {
namespace {

constexpr log::Logger kLog("app");

class Watcher final : public Running {
 public:
  Watcher(Health& health, std::string name, std::function<Result<void>()> check)
      : health_(health), name_(std::move(name)), check_(std::move(check)) {
    health_.Good(name_);  // it has just been opened
    thread_ = std::jthread([this](std::stop_token stop) { Run(std::move(stop)); });
  }
  ~Watcher() override {
    thread_ = {};  // asks to stop and joins
    health_.Forget(name_);
  }

 private:
  void Run(std::stop_token stop) {
    pthread_setname_np(pthread_self(), "watch");
    bool good = true;
    while (!stop.stop_requested()) {
      health_.Asked(name_);
      const Result<void> checked = check_();
      if (checked) {
        health_.Good(name_);
        if (!good) kLog.Info("", "it is there again", {{"dependency", name_}});
      } else {
        health_.Away(name_, checked.error().message());
        if (good) {
          kLog.Warn("", "it is away",
                    {{"dependency", name_},
                     {"error_class", CodeName(checked.error().code())},
                     {"error", checked.error().message()}});
        }
      }
      good = checked.has_value();
      std::unique_lock lock(mutex_);
      never_.wait_for(lock, stop, kWatchInterval, [] { return false; });
    }
  }

  Health& health_;
  const std::string name_;
  const std::function<Result<void>()> check_;
  std::mutex mutex_;
  std::condition_variable_any never_;
  std::jthread thread_;
};

}  // namespace

std::unique_ptr<Running> Watch(Health& health, std::string name,
                               std::function<Result<void>()> check) {
  return std::make_unique<Watcher>(health, std::move(name), std::move(check));
}

}  // namespace insightd::app
