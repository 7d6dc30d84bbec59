#include "store/letter_texts.h"

#include "base/packed_text.h"
#include "base/utf8.h"

namespace insightd::store {

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

std::string PackedHeaders(const std::vector<LetterHeader>& headers) {
  std::string out;
  for (const LetterHeader& header : headers) {
    PutPacked(out, header.name);
    PutPackedOptional(out, header.value);
  }
  return out;
}

std::vector<LetterHeader> UnpackedHeaders(std::string_view packed) {
  std::vector<LetterHeader> headers;
  LetterHeader header;
  while (TakePacked(packed, header.name) && TakePackedOptional(packed, header.value)) {
    headers.push_back(header);
  }
  return headers;
}

}  // namespace insightd::store
