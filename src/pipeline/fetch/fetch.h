// The archive that an announcement names, from the object store, as a stream.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "announce/announcement.h"
#include "base/result.h"
#include "base/source.h"
#include "blob/blob.h"
#include "pipeline/settings.h"

namespace insightd::pipeline {

struct Fetched {
  std::unique_ptr<Source> source;
  std::uint64_t bytes = 0;  // as it lies there
};

// An archive in our own object store is read by its key with our own credentials, so that it can be
// read however late, also when the signature of its URL is over its time. Another one is read by
// its URL, and only from a host that `pipeline.archive_hosts` lists; else kInvalid, as for what is
// no IsPresignedS3 where only that is read. kNotFound: it has been removed.
// A host that refuses (403, say) is kInvalid, and the message tells until when the URL was signed.
// What may pass, a connection that is cut while the archive is read too, is kUnavailable.
Result<Fetched> OpenArchive(const announce::Announcement& announcement, blob::Store& blobs,
                            const Settings& settings);

// An archive in our own object store.
Result<Fetched> OpenByKey(std::string_view key, blob::Store& blobs);

}  // namespace insightd::pipeline
