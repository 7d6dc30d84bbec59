#include <fmt/core.h>
#include <pthread.h>

#include <string>

#include "app/parts/parts.h"

namespace insightd::app {
namespace {

class Stoppable final : public Running {
 public:
  explicit Stoppable(std::function<void()> stop) : stop_(std::move(stop)) {}
  ~Stoppable() override {
    if (stop_) stop_();
  }

 private:
  std::function<void()> stop_;
};

class Threaded final : public Running {
 public:
  Threaded(Host& host, std::string_view role, std::function<Result<void>(std::stop_token)> run)
      : thread_([&host, role, run = std::move(run)](std::stop_token stop) {
          pthread_setname_np(pthread_self(), std::string(role).c_str());
          if (const Result<void> ran = run(std::move(stop)); !ran) host.Fail(role, ran.error());
        }) {}

 private:
  std::jthread thread_;  // asks to stop and joins
};

}  // namespace

std::unique_ptr<Running> UntilStopped(std::function<void()> stop) {
  return std::make_unique<Stoppable>(std::move(stop));
}

std::unique_ptr<Running> InThread(Host& host, std::string_view role,
                                  std::function<Result<void>(std::stop_token)> run) {
  return std::make_unique<Threaded>(host, role, std::move(run));
}

tl::unexpected<StartFailure> Unusable(std::string_view what, const Error& error) {
  return tl::unexpected(
      StartFailure{ExitCode::kUnusable, fmt::format("{}: {}", what, error.message()), true});
}

}  // namespace insightd::app
