// "Did you mean": the known name that is nearest to a wrong one.
#pragma once

#include <string>
#include <string_view>

namespace insightd::cel {

// Keeps the best of the names that it is shown. A name is near when a third of its characters
// differ at most; also when only the case differs.
class NearestName {
 public:
  explicit NearestName(std::string_view wanted) : wanted_(wanted) {}
  void Offer(std::string_view name);
  // Empty when nothing was near.
  const std::string& best() const { return best_; }

 private:
  std::string_view wanted_;
  std::string best_;
  std::size_t best_distance_ = 0;
};

}  // namespace insightd::cel
