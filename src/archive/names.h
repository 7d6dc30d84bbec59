// Names of members: what is accepted, and in which form.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace insightd::archive {

// `name` without `.` and empty parts and, for a folder, without the `/` at its end; bytes that are
// no UTF-8 become U+FFFD. Empty for the root itself. A view of `name` or of `scratch`.
// kCorrupt when it is absolute, has a part `..` or a NUL.
Result<std::string_view> NormalName(std::string_view name, std::string& scratch);

// `name` as a message may show it: cut to some 200 bytes, control characters replaced.
std::string ShownName(std::string_view name);

}  // namespace insightd::archive
