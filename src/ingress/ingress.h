// Uploads in: who sends it, is it acceptable; keep the archive, announce it, and only then say 202.
//
// For the role that clusters post to. What to know:
//
// * The archive goes into the blob store while it comes in, so one upload costs some 20 KiB (its
//   connection, its form, one open object) and at most `kHeldBytesMax` more, whatever its size. No
//   thread waits for it, and many uploads share one sync of the disk.
// * 202 (201 for a plain gzip type without metadata) means that archive and announcement are
//   durable. Any other answer means that the upload does not count; then an archive that was kept
//   already is one without announcement, which upkeep removes.
// * What only unpacking shows is left to the pipeline: its refusal would make the operator send the
//   same again and again.
// * An upload that is cut leaves nothing.
//
// Thread-safe after Register. The parts must outlive every answer: stop the server first, then
// close bus and blobs.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "blob/blob.h"
#include "bus/bus.h"
#include "http/identity.h"
#include "http/router.h"
#include "ingress/settings.h"

namespace insightd::ingress {

inline constexpr std::string_view kRequestIdHeader = "x-rh-insights-request-id";

struct Parts {
  const Clock& clock;
  Random& random;
  blob::Store& blobs;
  bus::Producer& producer;
  metrics::Registry& metrics;
  std::shared_ptr<const http::IdentityGate> identity;
};

struct Build {
  std::string version;
  std::string commit;
};

class Context;

class Ingress {
 public:
  Ingress(Settings settings, const Parts& parts, Build build);

  // Adds /api/ingress/v1/, …/upload and …/version.
  void Register(http::Router& router) const;

 private:
  std::shared_ptr<Context> context_;
};

}  // namespace insightd::ingress
