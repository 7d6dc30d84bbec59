// The files of the page, as they lie in the binary and as they are served.
//
// For whoever routes HTTP. `bytes` may be compressed already: where `gzip` is set, they are to be
// sent with `Content-Encoding: gzip` and not compressed again. Every browser takes that; there is
// no plain copy. A path that is no asset and not under `/api/` is a place inside the page and gets
// `/index.html`, which is always there.
#pragma once

#include <span>
#include <string_view>

namespace insightd {

struct PageAsset {
  std::string_view path;          // begins with a slash: "/index.html"
  std::string_view content_type;  // the whole header value
  std::string_view bytes;
  bool gzip;
  // The name changes with the content: `Cache-Control: public, max-age=31536000, immutable`.
  // All others: `no-cache`.
  bool immutable;
};

// Sorted by path. Lives as long as the program; thread-safe.
std::span<const PageAsset> PageAssets();

}  // namespace insightd
