// Texts one behind the other in a column of bytes: each a length of four bytes (of this machine's
// order: what is packed stays on the machine), then the text.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace insightd {

void PutPacked(std::string& out, std::string_view text);

// Takes the text at the front of `from`; false when it is not there whole.
bool TakePacked(std::string_view& from, std::string& into);

// The same for a text that may be missing, which an empty one is not.
void PutPackedOptional(std::string& out, const std::optional<std::string>& text);
bool TakePackedOptional(std::string_view& from, std::optional<std::string>& into);

}  // namespace insightd
