#include "store/letter_texts.h"

#include <utility>

#include "base/packed_text.h"
#include "base/utf8.h"

namespace insightd::store {
namespace {

// Behind the headers of a record that had no value; no header is as short.
constexpr std::string_view kNoValue = "-";

}  // namespace

bool IsStorable(std::string_view text) {
  return text.find('\0') == text.npos && utf8::IsValid(text);
}

std::string StorableText(std::string_view text) {
  if (IsStorable(text)) return std::string(text);
  const std::string repaired = utf8::Repaired(text);
  std::string out;
  for (const char byte : repaired) {
    if (byte == '\0') {
      utf8::Append(out, 0xFFFD);
    } else {
      out.push_back(byte);
    }
  }
  return out;
}

std::string PackedHeaders(const DeadLetter& letter) {
  std::string out;
  for (const LetterHeader& header : letter.headers) {
    PutPacked(out, header.name);
    PutPackedOptional(out, header.value);
  }
  if (letter.no_value) out += kNoValue;
  return out;
}

void UnpackHeaders(std::string_view packed, DeadLetter& into) {
  into.headers.clear();
  into.no_value = false;
  while (!packed.empty()) {
    into.no_value = packed == kNoValue;
    LetterHeader header;
    if (into.no_value || !TakePacked(packed, header.name) ||
        !TakePackedOptional(packed, header.value)) {
      return;
    }
    into.headers.push_back(std::move(header));
  }
}

}  // namespace insightd::store
