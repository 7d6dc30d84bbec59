#include "blob/s3/refusal.h"

#include <utility>

namespace insightd::blob::s3 {

void Refusal::Tell(const std::optional<Error>& why) {
  const auto reason = why ? std::optional(why->message().substr(0, kReasonBytesMax)) : std::nullopt;
  const microseconds now = client_->options().clock->Steady();
  {
    const std::lock_guard lock(mutex_);
    // The numbers in a reason change from call to call, that it is one does not.
    if (telling_ || (told_ == reason.has_value() && now - told_at_ < kToldFor)) return;
    telling_ = true;
    told_at_ = now;
  }
  const auto call = std::make_shared<Call>(Call{.method = reason ? "PUT" : "DELETE"});
  call->key = kRefusalName;
  if (reason) call->body = std::make_shared<const std::string>(*reason);
  call->done = [self = shared_from_this(), refused = reason.has_value()](const Outcome& outcome) {
    self->OnTold(refused, outcome);
  };
  client_->Send(call);
}

void Refusal::OnTold(bool refused, const Outcome& outcome) {
  const bool is_told = outcome || (!refused && outcome.failure->error.code() == Code::kNotFound);
  const std::lock_guard lock(mutex_);
  telling_ = false;
  told_ = is_told ? std::optional(refused) : std::nullopt;
}

std::optional<Error> Refusal::Find() {
  const microseconds now = client_->options().clock->Steady();
  const microseconds look = client_->options().refusal_look;
  bool looks = false;
  std::optional<Error> refused;
  {
    const std::lock_guard lock(mutex_);
    looks = !looking_ && (!looked_ || now - *looked_ >= look);
    if (looks) {
      looking_ = true;
      looked_ = now;
    }
    if (reason_ && now - *seen_ < 2 * look) refused = Error(Code::kNoRoom, *reason_);
  }
  if (looks) {
    const auto call = std::make_shared<Call>(Call{.method = "GET"});
    call->key = kRefusalName;
    call->once = true;
    call->done = [self = shared_from_this()](const Outcome& outcome) { self->OnSeen(outcome); };
    client_->Send(call);
  }
  return refused;
}

void Refusal::OnSeen(const Outcome& outcome) {
  const std::lock_guard lock(mutex_);
  looking_ = false;
  const bool is_none = outcome.failure && outcome.failure->error.code() == Code::kNotFound;
  if (outcome.failure && !is_none) return;
  seen_ = client_->options().clock->Steady();
  reason_.reset();
  if (!is_none) reason_ = outcome.answer.body.substr(0, kReasonBytesMax);
}

}  // namespace insightd::blob::s3
