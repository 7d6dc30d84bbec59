// The environment of a process, as those read it who stand in for another program.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace insightd::app::compat {

class Environment {
 public:
  // `get` gives null for a variable that is not set; `names` are those that are.
  template <class Get>
  requires std::is_invocable_r_v<std::optional<std::string>, Get&, const std::string&> Environment(
      Get get, std::vector<std::string> names = {})
      : get_(std::move(get)), names_(std::move(names)) {}

  std::optional<std::string> operator()(const std::string& name) const { return get_(name); }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::function<std::optional<std::string>(const std::string& name)> get_;
  std::vector<std::string> names_;
};

Environment ProcessVariables();

}  // namespace insightd::app::compat
