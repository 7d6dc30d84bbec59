#include "http/asio/loop.h"

#include <fcntl.h>
#include <pthread.h>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/batch.h"

namespace insightd::http {

void Loop::Start() {
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "http");
    BeginThread();
    context_.run();
    EndThread();
  });
}

void Loop::After(milliseconds delay, std::function<void()> what) {
  const auto timer = std::make_shared<asio::steady_timer>(context_, delay);
  timer->async_wait([timer, what = std::move(what)](error_code error) {
    if (!error) what();
  });
}

// By a descriptor of its own: that of the owner may be closed before.
class Loop::Readable final : public EventLoop::Watch {
 public:
  // `own` is taken.
  Readable(asio::io_context& context, int own, std::function<void()> what)
      : state_(std::make_shared<State>(context, own, std::move(what))) {
    Wait(state_);
  }
  ~Readable() override {
    error_code ignored;
    state_->descriptor.close(ignored);
  }

 private:
  struct State {
    State(asio::io_context& context, int own, std::function<void()> given)
        : descriptor(context, own), what(std::move(given)) {}
    asio::posix::stream_descriptor descriptor;
    std::function<void()> what;
  };

  static void Wait(const std::shared_ptr<State>& state) {
    state->descriptor.async_wait(asio::posix::stream_descriptor::wait_read,
                                 [state](error_code error) {
                                   if (error || !state->descriptor.is_open()) return;
                                   state->what();
                                   if (state->descriptor.is_open()) Wait(state);
                                 });
  }

  std::shared_ptr<State> state_;
};

std::unique_ptr<EventLoop::Watch> Loop::WhenReadable(int socket, std::function<void()> readable) {
  const int own = ::fcntl(socket, F_DUPFD_CLOEXEC, 0);
  if (own < 0) return nullptr;
  return std::make_unique<Readable>(context_, own, std::move(readable));
}

void Loop::Stop() {
  work_.reset();
  context_.stop();
  if (thread_.joinable()) thread_.join();
}

void Loop::Wake(std::weak_ptr<Sleeps> sleeper, std::uint64_t number) {
  bool first = false;
  {
    const std::lock_guard lock(mutex_);
    first = woken_.empty();
    woken_.push_back({std::move(sleeper), number});
  }
  if (!first) return;
  // The server may be gone by then.
  AfterBatch([self = shared_from_this()] {
    asio::post(self->context_, [loop = self.get()] { loop->ResumeWoken(); });
  });
}

void Loop::ResumeWoken() {
  std::vector<Woken> woken;
  {
    const std::lock_guard lock(mutex_);
    woken.swap(woken_);
  }
  for (const Woken& one : woken) {
    if (const auto sleeper = one.sleeper.lock()) sleeper->Resume(one.number);
  }
}

}  // namespace insightd::http
