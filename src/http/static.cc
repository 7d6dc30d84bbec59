#include "http/static.h"

#include <fmt/core.h>

#include <map>
#include <memory>
#include <utility>

namespace insightd::http {
namespace {

struct Entry {
  StaticFile file;
  std::string etag;
};
using Entries = std::map<std::string, Entry, std::less<>>;

// Names the bytes well enough for a browser to keep them.
std::string EtagOf(std::string_view bytes) {
  std::uint64_t hash = 14695981039346656037ull;  // FNV-1a
  for (const char c : bytes) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  return fmt::format("\"{:016x}\"", hash);
}

Response Answer(const Entry& entry, const Request& request) {
  Response response;
  response.With("Cache-Control",
                entry.file.immutable ? "public, max-age=31536000, immutable" : "no-cache");
  response.With("ETag", entry.etag);
  if (request.Header("if-none-match") == entry.etag) {
    response.status = 304;
    return response;
  }
  response.With("Content-Type", entry.file.content_type);
  response.With("X-Content-Type-Options", "nosniff");
  if (entry.file.gzip) response.With("Content-Encoding", "gzip");
  response.static_body = entry.file.bytes;
  return response;
}

}  // namespace

Router::Handler ServeStatic(std::span<const StaticFile> files,
                            std::vector<std::string> api_prefixes) {
  auto entries = std::make_shared<Entries>();
  for (const StaticFile& file : files) {
    entries->emplace(file.path, Entry{.file = file, .etag = EtagOf(file.bytes)});
  }
  return [entries, api_prefixes = std::move(api_prefixes)](const Request& request) {
    if (request.method != Method::kGet && request.method != Method::kHead) {
      if (!entries->contains(request.path) && request.path != "/") return NotFoundResponse();
      return Response{.status = 405}.With("Allow", "GET, HEAD");
    }
    if (const auto found = entries->find(request.path); found != entries->end()) {
      return Answer(found->second, request);
    }
    for (const std::string& prefix : api_prefixes) {
      if (request.path.starts_with(prefix)) return NotFoundResponse();
    }
    // A file that is missing must not come as a page that cannot be read as it.
    const std::size_t name = request.path.rfind('/');
    const bool file_name =
        request.path.find('.', name) != std::string::npos && request.path.starts_with("/assets/");
    const auto index = entries->find("/index.html");
    if (file_name || index == entries->end()) return NotFoundResponse();
    return Answer(index->second, request);
  };
}

}  // namespace insightd::http
