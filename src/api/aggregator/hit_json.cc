#include "api/aggregator/hit_json.h"

#include "api/aggregator/go_json.h"
#include "base/base64.h"

namespace insightd::api::aggregator {

void WriteDetails(Writer& w, std::string_view details) {
  if (go_json::IsValid(details)) {
    w.RawEscaped(details);
  } else {
    w.String(EncodeBase64(details));
  }
}

}  // namespace insightd::api::aggregator
