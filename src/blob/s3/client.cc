#include "blob/s3/client.h"

#include <fmt/core.h>

#include <algorithm>
#include <future>
#include <utility>
#include <vector>

namespace insightd::blob::s3 {
namespace {

constexpr milliseconds kDelayMin{50};
constexpr milliseconds kDelayMax{2'000};
// How old the last answer may be before Check asks.
constexpr microseconds kGoodFor{seconds(5)};
constexpr microseconds kBadFor{seconds(1)};

// Half of it by chance, so that many do not come back at once.
milliseconds DelayAfter(int tries, Random& random) {
  const milliseconds whole = std::min(kDelayMax, kDelayMin * (1 << std::min(tries - 1, 10)));
  const auto half = static_cast<std::uint64_t>(whole.count() / 2);
  return milliseconds(static_cast<std::int64_t>(half + random.Below(half + 1)));
}

// Whether the bucket is there, at little cost with any number of objects: some servers go through
// all of them to list one.
Call LookCall() { return {.method = "HEAD"}; }

// Asks what LookCall asks in a way that is refused with a reason.
Call ReasonCall() {
  Call call{.method = "GET"};
  call.query = {{"list-type", "2"}, {"max-keys", "1"}};
  return call;
}

// The server has refused a LookCall: its answer has no body that would tell why.
bool LacksReason(const Call& call, const Outcome& outcome) {
  return call.method == "HEAD" && call.key.empty() && outcome.failure && outcome.answer.status != 0;
}

}  // namespace

Client::Client(S3BlobOptions options, Address address, std::unique_ptr<Transfers> transfers)
    : options_(std::move(options)),
      address_(std::move(address)),
      credentials_(options_),
      transfers_(std::move(transfers)) {}

Outcome Client::Closed() {
  Outcome outcome;
  outcome.failure = Failure{.error = Error(Code::kUnavailable, "the blob store is closed"),
                            .s3_code = "",
                            .may_pass = false,
                            .keys_refused = false};
  return outcome;
}

void Client::Send(const std::shared_ptr<Call>& call) {
  {
    const std::lock_guard lock(calls_mutex_);
    if (!closed_) {
      call->deadline = options_.clock->Steady() + options_.retry_time_max;
      calls_.emplace(call.get(), call);
      // Not refused: closing the transfers comes behind `closed_`.
      transfers_->Post([this, call] { Try(call); });
      return;
    }
  }
  call->done(Closed());
}

Outcome Client::Ask(Call call) {
  // Shared: the thread is not done with it when the value is there.
  const auto promise = std::make_shared<std::promise<Outcome>>();
  std::future<Outcome> future = promise->get_future();
  const auto shared = std::make_shared<Call>(std::move(call));
  shared->done = [promise](Outcome outcome) { promise->set_value(std::move(outcome)); };
  Send(shared);
  return future.get();
}

bool Client::Cancel(const std::shared_ptr<Call>& call) {
  const std::lock_guard lock(calls_mutex_);
  if (calls_.erase(call.get()) == 0) return false;
  transfers_->Post([this, call] {
    call->cancelled = true;
    transfers_->Drop(call->id);
    call->receiver.reset();
    call->done = nullptr;
  });
  return true;
}

void Client::Try(const std::shared_ptr<Call>& call) {
  if (call->cancelled) return;
  ++call->tries;
  if (call->prepare) call->prepare(*call);
  const std::string_view body = call->body ? std::string_view(*call->body) : std::string_view();
  Signable signable{.method = call->method,
                    .host = address_.SignedHost(),
                    .path = address_.PathOf(call->key),
                    .query = call->query,
                    .headers = call->headers,
                    .payload_hash = body.empty() ? std::string(kEmptyHash) : Sha256Hex(body)};
  Exchange exchange;
  exchange.method = call->method;
  exchange.url = address_.UrlOf(call->key);
  if (!call->query.empty()) exchange.url += "?" + EncodeQuery(call->query);
  exchange.headers =
      SignedHeaders(signable, credentials_.keys(), options_.region, options_.clock->Now());
  exchange.body = call->body;
  exchange.receiver = call->receiver;
  exchange.done = [this, call](Answer answer) { OnAnswer(call, std::move(answer)); };
  call->id = transfers_->Begin(std::move(exchange));
}

void Client::OnAnswer(const std::shared_ptr<Call>& call, Answer answer) {
  Outcome outcome;
  if (!answer.good()) {
    outcome.failure =
        FailureOf(answer, call->method, Doing(*call), address_, options_.clock->Now());
  }
  outcome.answer = std::move(answer);
  // One try that fails is no news.
  constexpr int kTriesAreNews = 3;
  if (outcome.failure && call->tries >= kTriesAreNews) Note(outcome);
  if (outcome.failure && !call->once) {
    const Failure& failure = *outcome.failure;
    if (failure.keys_refused && !call->keys_reloaded && credentials_.Reload()) {
      call->keys_reloaded = true;
      Try(call);
      return;
    }
    const milliseconds delay = DelayAfter(call->tries, *options_.random);
    if (failure.may_pass && options_.clock->Steady() + delay < call->deadline) {
      transfers_->After(delay, [this, call] { Try(call); });
      return;
    }
    if (failure.may_pass) {
      outcome.failure->error =
          Error(failure.error.code(),
                fmt::format("{}; tried {} times within blob.s3_retry_ms_max ({})",
                            failure.error.message(), call->tries, options_.retry_time_max.count()));
    }
  }
  if (!LacksReason(*call, outcome)) Note(outcome);
  {
    const std::lock_guard lock(calls_mutex_);
    if (calls_.erase(call.get()) == 0) return;
  }
  call->receiver.reset();
  std::exchange(call->done, nullptr)(std::move(outcome));
}

std::string Client::Doing(const Call& call) const {
  if (!call.key.empty()) return fmt::format("{} of {}", call.method, call.key);
  return call.method == "GET" ? "listing" : std::string(call.method);
}

std::string Client::Presign(std::string_view key, seconds validity) const {
  const Signable signable{.method = "GET",
                          .host = address_.SignedHost(),
                          .path = address_.PathOf(key),
                          .payload_hash = std::string(kUnsignedPayload)};
  return address_.UrlOf(key) + "?" +
         PresignedQuery(signable, credentials_.keys(), options_.region, options_.clock->Now(),
                        validity);
}

void Client::Note(const Outcome& outcome) {
  const std::lock_guard lock(state_mutex_);
  noted_ = options_.clock->Steady();
  last_error_.reset();
  if (!outcome.failure) return;
  const Code code = outcome.failure->error.code();
  if (code != Code::kNotFound && code != Code::kConflict && code != Code::kTooLarge) {
    last_error_ = outcome.failure->error;
  }
}

Result<void> Client::Check() {
  bool ask = false;
  Result<void> result;
  {
    const std::lock_guard lock(state_mutex_);
    const microseconds now = options_.clock->Steady();
    const microseconds good_for = last_error_ ? kBadFor : kGoodFor;
    if (now - noted_ >= good_for && now - probed_ >= good_for) {
      probed_ = now;
      ask = true;
    }
    if (last_error_) result = Fail(Code::kUnavailable, last_error_->message());
  }
  if (ask) {
    const auto look = std::make_shared<Call>(LookCall());
    look->once = true;
    look->done = [this, call = look.get()](const Outcome& outcome) {
      if (!LacksReason(*call, outcome)) return;
      const auto reason = std::make_shared<Call>(ReasonCall());
      reason->once = true;
      reason->done = [](const Outcome&) {};
      Send(reason);
    };
    Send(look);
  }
  return result;
}

Result<void> Client::Probe(bool once) {
  const auto ask = [this, once](Call call) {
    call.once = once;
    return Ask(std::move(call));
  };
  Outcome outcome = ask(LookCall());
  if (LacksReason(LookCall(), outcome)) outcome = ask(ReasonCall());
  if (outcome) return {};
  return Fail(std::move(outcome.failure->error));
}

void Client::Close() {
  std::vector<std::shared_ptr<Call>> calls;
  {
    const std::lock_guard lock(calls_mutex_);
    closed_ = true;
    for (const auto& [pointer, call] : calls_) calls.push_back(call);
    calls_.clear();
  }
  transfers_->Close();
  // The thread has ended: nobody else touches them.
  for (const std::shared_ptr<Call>& call : calls) {
    call->receiver.reset();
    if (call->done) std::exchange(call->done, nullptr)(Closed());
  }
}

}  // namespace insightd::blob::s3
