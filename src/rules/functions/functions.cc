#include "rules/functions/functions.h"

namespace insightd::rules {

void AddFunctions(cel::Environment& environment) {
  AddGet(environment);
  AddCondition(environment);
  AddTimes(environment);
  AddQuantity(environment);
  AddSemver(environment);
  AddGrep(environment);
  AddLists(environment);
  AddCidr(environment);
  AddParseJson(environment);
}

}  // namespace insightd::rules
