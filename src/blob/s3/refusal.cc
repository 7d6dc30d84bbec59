#include "blob/s3/refusal.h"

#include <utility>

namespace insightd::blob::s3 {

void Refusal::Tell(const std::optional<Error>& why) {
  const auto reason = why ? std::optional(why->message().substr(0, kReasonBytesMax)) : std::nullopt;
  {
    const std::lock_guard lock(mutex_);
    // The numbers in a reason change from call to call, that it is one does not.
    if (telling_ || (told_ && told_->has_value() == reason.has_value())) return;
    telling_ = true;
  }
  const auto call = std::make_shared<Call>(Call{.method = reason ? "PUT" : "DELETE"});
  call->key = kRefusalName;
  if (reason) call->body = std::make_shared<const std::string>(*reason);
  call->done = [self = shared_from_this(), reason](const Outcome& outcome) {
    self->OnTold(reason, outcome);
  };
  client_->Send(call);
}

void Refusal::OnTold(const std::optional<std::string>& reason, const Outcome& outcome) {
  const bool is_told = outcome || (!reason && outcome.failure->error.code() == Code::kNotFound);
  const std::lock_guard lock(mutex_);
  telling_ = false;
  if (is_told) {
    told_ = reason;
  } else {
    told_.reset();
  }
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
