// Where to listen, as settings write it: "127.0.0.1:8080", "[::1]:8080", "name:8080"; ":8080" is
// every address of the machine.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace insightd::http {

struct Address {
  std::string host;  // without brackets; empty: every address
  std::uint16_t port = 0;
};

// kInvalid, with `setting` and how to write it, for anything else.
Result<Address> ParseAddress(std::string_view setting, std::string_view text);

}  // namespace insightd::http
