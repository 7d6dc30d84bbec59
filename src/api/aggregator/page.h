// What a request takes out of a list: optional query parameters, absent by default, that every
// route with a list knows.
//
//   limit=N    at most N items (0: none)
//   offset=N   the first N that the filters let through are passed over
//   <filter>   items whose field is exactly that text; the route says which there are
//
// Lists have an order that does not change as long as their data does not.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/aggregator/call.h"

namespace insightd::api::aggregator {

struct Filter {
  const char* name;        // of the query parameter
  std::string_view value;  // of the item
};

// One for one answer.
class Page {
 public:
  // 400 for a limit or offset that is no unsigned number.
  static Param<Page> Of(const Call& call);

  // Whether the next item is in the answer. Ask for each once, in order.
  bool Takes(std::initializer_list<Filter> filters = {});
  // Nothing is asked for: every item is in the answer.
  bool all() const { return all_; }

 private:
  struct Wanted {
    std::string name;
    std::string value;
  };

  bool all_ = true;
  std::uint64_t offset_ = 0;
  std::optional<std::uint64_t> limit_;
  std::vector<Wanted> wanted_;
};

}  // namespace insightd::api::aggregator
