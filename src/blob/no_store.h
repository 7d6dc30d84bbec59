// No store of archives: for a pipeline that reads them by the URLs of somebody else's. No URL is
// one of this store's, and all else is kUnavailable with the settings that would make one.
#pragma once

#include <memory>

#include "blob/blob.h"

namespace insightd::blob {

std::unique_ptr<Store> MakeNoStore();

}  // namespace insightd::blob
