#include "blob/s3/listing.h"

#include <charconv>
#include <optional>
#include <utility>

#include "blob/s3/xml.h"

namespace insightd::blob::s3 {
namespace {

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Keys are asked for with `encoding-type=url`, since XML has no way to write some characters.
std::string Decoded(const std::string& key) {
  std::string decoded;
  for (std::size_t i = 0; i < key.size(); ++i) {
    const bool is_code = key[i] == '%' && i + 2 < key.size() && HexDigit(key[i + 1]) >= 0 &&
                         HexDigit(key[i + 2]) >= 0;
    if (is_code) {
      decoded += static_cast<char>(HexDigit(key[i + 1]) * 16 + HexDigit(key[i + 2]));
      i += 2;
    } else {
      decoded += key[i] == '+' ? ' ' : key[i];
    }
  }
  return decoded;
}

}  // namespace

Result<Page> ParsePage(std::string_view xml) {
  using Event = XmlScanner::Event;
  XmlScanner scanner(xml);
  Page page;
  bool is_list = false;
  bool is_truncated = false;
  bool is_encoded = false;
  bool in_object = false;
  Object object;
  for (;;) {
    switch (scanner.Next()) {
      case Event::kStart:
        if (scanner.depth() == 1) is_list = scanner.name() == "ListBucketResult";
        if (scanner.depth() == 2 && scanner.name() == "Contents") {
          in_object = true;
          object = Object();
        }
        break;
      case Event::kEnd: {
        const std::string_view name = scanner.name();
        const std::string& text = scanner.text();
        if (in_object && scanner.depth() == 1) {
          in_object = false;
          page.objects.push_back(std::move(object));
        } else if (in_object && scanner.depth() == 2) {
          if (name == "Key") object.key = text;
          if (name == "Size") {
            std::from_chars(text.data(), text.data() + text.size(), object.bytes);
          }
          if (name == "LastModified") object.modified = ParseTime(text).value_or(Time());
        } else if (scanner.depth() == 1) {
          if (name == "IsTruncated") is_truncated = text == "true";
          if (name == "NextContinuationToken") page.next = text;
          if (name == "EncodingType") is_encoded = text == "url";
        }
        break;
      }
      case Event::kBroken: return Fail(Code::kUnavailable, "a page of the listing is no whole XML");
      case Event::kDone:
        if (!is_list || (is_truncated && page.next.empty())) {
          return Fail(Code::kUnavailable, "a page of the listing is none that S3 would give");
        }
        if (!is_truncated) page.next.clear();
        if (is_encoded) {
          for (Object& each : page.objects) each.key = Decoded(each.key);
        }
        return page;
    }
  }
}

}  // namespace insightd::blob::s3
