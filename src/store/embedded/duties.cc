#include "store/embedded/duties.h"

#include <fmt/format.h>

#include <functional>
#include <utility>

namespace insightd::store {
namespace {

class EmbeddedLease final : public Lease {
 public:
  explicit EmbeddedLease(std::function<void()> give_back) : give_back_(std::move(give_back)) {}
  ~EmbeddedLease() override { give_back_(); }
  bool held() const override { return true; }

 private:
  std::function<void()> give_back_;
};

}  // namespace

Result<std::unique_ptr<Lease>> EmbeddedDuties::Take(Duty duty) {
  const auto index = static_cast<std::size_t>(duty);
  if ((*taken_)[index].exchange(true)) {
    return Fail(Code::kConflict,
                fmt::format("the duty of {} is taken already, by this process", DutyName(duty)));
  }
  return std::make_unique<EmbeddedLease>([taken = taken_, index] { (*taken)[index] = false; });
}

}  // namespace insightd::store
