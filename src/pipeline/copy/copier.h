// Copies announced archives into a bucket of their own and tells where: announcements in, messages
// on copies out. In the place of the hosted pipeline's archive-sync.
//
// * Only an archive is copied: it is unpacked on its way, to its end, so what is cut short, damaged
//   or an error page becomes a dead letter instead of an object.
// * The object is there before its message goes. Copied again, after a crash, it is found there
// with
//   the same bytes and nothing is written. Where another archive has the key already (the key's
//   time is one of seconds), the request's id is put behind it: none is overwritten.
// * The times in keys are those of the announcement, in UTC.
#pragma once

#include <string>

#include "pipeline/handler.h"

namespace insightd::pipeline {

struct CopySettings {
  std::string prefix;  // "archives/compressed"; a slash is put behind it
  // See key_pattern.h; names: cluster_id, org_id, year, month, day, hour, minute, second, time.
  std::string pattern = "$cluster_id[:2]/$cluster_id/$year$month/$day/$time.tar.gz";
};

// kInvalid for a pattern that makes no keys.
Result<void> CheckCopySettings(const CopySettings& settings);

MakeHandler MakeCopiers(CopySettings settings);

}  // namespace insightd::pipeline
