// One page of a bucket's listing, out of the XML of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "blob/blob.h"

namespace insightd::blob::s3 {

struct Page {
  std::vector<Object> objects;  // keys as they stand in the bucket
  std::string next;             // the token of the page behind; empty: there is none
};

// kUnavailable for what is no whole page.
Result<Page> ParsePage(std::string_view xml);

}  // namespace insightd::blob::s3
