#include "api/settings.h"

namespace insightd::api {

void Settings::AddTo(settings::Table& table) {
  table.Add("api.internal_rules_organizations", &internal_rules_organizations, {},
            "Numbers of the organisations that see rules of the families internal and ocs; empty: "
            "every one does.");
}

}  // namespace insightd::api
