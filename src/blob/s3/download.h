// An object that is read while it comes in, and read on where a connection was cut.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "blob/blob.h"
#include "blob/s3/client.h"

namespace insightd::blob::s3 {

// What is read ahead of who reads; then the server waits.
inline constexpr std::size_t kWindowBytes = 256 * 1024;

// Waits for the head of the answer.
Result<std::unique_ptr<Reader>> StartDownload(std::shared_ptr<Client> client, std::string_view key);

}  // namespace insightd::blob::s3
