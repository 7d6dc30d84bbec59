// Feeds any bytes to what reads S3's XML: pages of a listing and failures.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "blob/s3/listing.h"
#include "blob/s3/xml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view xml(reinterpret_cast<const char*>(data), size);
  static_cast<void>(insightd::blob::s3::ParsePage(xml));
  static_cast<void>(insightd::blob::s3::XmlText(xml, "Code"));
  return 0;
}
