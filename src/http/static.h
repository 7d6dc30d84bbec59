// The page's files out of the binary, kept by browsers for ever where the name holds a hash.
//
// A path that is no file and no API is answered with index.html: the page routes it itself.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/router.h"

namespace insightd::http {

// Views live as long as the program.
struct StaticFile {
  std::string_view path;  // "/assets/index-3f2a.js"
  std::string_view content_type;
  std::string_view bytes;
  bool gzip = false;       // compressed already; sent so to everybody, as every browser takes it
  bool immutable = false;  // the name changes with the content
};

// A handler for Router::SetFallback. `files` should have "/index.html"; without it unknown paths
// are 404. Paths below a prefix of `api_prefixes` ("/api/") are never answered with the page.
Router::Handler ServeStatic(std::span<const StaticFile> files,
                            std::vector<std::string> api_prefixes);

}  // namespace insightd::http
