// What both stores make of dead letters and consumer errors before they write them: what is wrong
// with a record may be its very texts, and it must be kept for all that.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "store/store.h"

namespace insightd::store {

// A message in consumer_error is for people; the dead letter has it whole.
inline constexpr std::size_t kErrorMessageBytesMax = 64 * 1024;

// `text` as every database takes it: U+FFFD for each byte that is no UTF-8, and for NUL.
std::string StorableText(std::string_view text);

// Whether every database takes it as it is. What is asked for by another text is not there.
bool IsStorable(std::string_view text);

// The headers of a letter, and whether its record had a value, as one column.
std::string PackedHeaders(const DeadLetter& letter);
void UnpackHeaders(std::string_view packed, DeadLetter& into);

}  // namespace insightd::store
