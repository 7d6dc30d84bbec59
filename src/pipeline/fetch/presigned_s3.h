// Which URLs of archives upstream's downloader takes unless it is told to take any.
#pragma once

#include <string_view>

namespace insightd::pipeline {

// `https://BUCKET.s3.amazonaws.com/KEY` or `https://s3.REGION.amazonaws.com/BUCKET/KEY` with the
// query of a presigned URL, in upstream's order and with nothing in its credential that has to be
// escaped. The host is one name, without user and port: upstream's own pattern lets other hosts
// slip through there.
bool IsPresignedS3(std::string_view url);

}  // namespace insightd::pipeline
