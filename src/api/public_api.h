// The public API: what the operator, ACM, the pages of others and our own page read.
//
// Its description is openapi.json beside this file, which is also what the binary serves. Paths and
// texts of errors are those of the original service; what clients have to read strictly (times that
// are absent or RFC 3339, never empty) is kept so. A request asks the store once or twice, whatever
// the number of recommendations.
#pragma once

#include <memory>

#include "api/settings.h"
#include "content/catalogue.h"
#include "http/identity.h"
#include "http/router.h"
#include "store/store.h"

namespace insightd::api {

// All must outlive the server that the router belongs to.
struct PublicParts {
  store::Store& store;
  const content::CurrentCatalogue& catalogue;
  std::shared_ptr<const http::IdentityGate> identity;
};

// Adds the paths of openapi.json but those of the upload, and those below …/v2/ under /api/v2/ too.
void RegisterPublicApi(http::Router& router, const PublicParts& parts, const Settings& settings,
                       const Build& build);

// The text of openapi.json.
std::string_view OpenApiDocument();

}  // namespace insightd::api
