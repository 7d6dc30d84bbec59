// The roles and what they stand on, as one table: name, what it needs, how it starts.
//
// A command that runs roles names one row; it and all that it needs are started in an order that
// follows from the table, and stopped in the opposite one. `all` is a row like any other.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace insightd::app {

class Host;
struct StartFailure;

// Something that was started. Stopping is its destruction: it returns when nothing of it runs any
// more, and what it had in work is finished or given back.
class Running {
 public:
  virtual ~Running() = default;
};

struct RoleRow {
  std::string_view name;
  std::vector<std::string_view> needs;
  // None: the row only gathers others.
  tl::expected<std::unique_ptr<Running>, StartFailure> (*start)(Host& host);
};

std::span<const RoleRow> Roles();

// `name` and all that it needs, each behind what it needs itself. A name that is not in `rows` and
// a circle are mistakes of ours.
std::vector<const RoleRow*> StartOrder(std::span<const RoleRow> rows, std::string_view name);

}  // namespace insightd::app
