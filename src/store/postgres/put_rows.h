// The statements that write what a batch changes.
#pragma once

#include "base/clock.h"
#include "store/postgres/connection.h"
#include "store/postgres/organization.h"
#include "store/postgres/put_plan.h"

namespace insightd::store::pg {

void AddRows(Pipeline& pipeline, const PutPlan& plan, Time now);

// Places as two columns, for `unnest`.
template <class Range>
Params PlacesOf(const Range& places) {
  Array orgs = Array::OfInts();
  Array clusters = Array::OfTexts();
  for (const auto& [org_id, cluster] : places) {
    orgs.Int(OrgColumnOf(org_id));
    clusters.Text(cluster);
  }
  return Columns(std::move(orgs), std::move(clusters));
}

}  // namespace insightd::store::pg
