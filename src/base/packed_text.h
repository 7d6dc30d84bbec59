// Texts one behind the other in a column of bytes: each a length of four bytes (of this machine's
// order: what is packed stays on the machine), then the text.
#pragma once

#include <string>
#include <string_view>

namespace insightd {

void PutPacked(std::string& out, std::string_view text);

// Takes the text at the front of `from`; false when it is not there whole.
bool TakePacked(std::string_view& from, std::string& into);

}  // namespace insightd
