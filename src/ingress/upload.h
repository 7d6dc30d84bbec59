// One upload, from the head of its request to its answer; what all uploads share.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "announce/announcement.h"
#include "http/identity.h"
#include "http/router.h"
#include "ingress/ingress.h"
#include "ingress/upload_form.h"

namespace insightd::ingress {

// Lives until the last answer. Thread-safe.
class Context {
 public:
  Context(Settings given_settings, const Parts& given_parts, Build given_build);

  const Settings settings;
  const Parts parts;
  const Build build;

  // False when as many as may be are under way.
  bool Enter();
  void Leave() { uploads_.fetch_sub(1); }
  bool PlacesAreScarce() const { return http::AreScarce(uploads_.load(), settings.uploads_max); }

  void Count(std::string_view outcome);
  void Observe(std::uint64_t archive_bytes, microseconds duration);

 private:
  std::atomic<std::uint64_t> uploads_ = 0;
  std::mutex mutex_;
  std::map<std::string, metrics::Counter, std::less<>> outcomes_;
  metrics::Histogram bytes_;
  metrics::Histogram seconds_;
};

// What is known of an upload from its head on; outlives its connection when it has to.
struct UploadHead {
  std::string request_id;
  http::Caller caller;
  std::string cluster;  // empty: not said
  announce::ClusterProof proof = announce::ClusterProof::kNone;
  microseconds started{};
};

// The consumer of an upload's body, or the refusal of its head.
http::StreamStart StartUpload(const std::shared_ptr<Context>& context,
                              const http::Request& request);

// Answers with the request id in head and body.
http::Response AcceptedResponse(int status, const UploadHead& head);
http::Response RefusedResponse(int status, std::string_view request_id, std::string_view message);

}  // namespace insightd::ingress
