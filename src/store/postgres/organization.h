// Organisations in columns of type integer.
//
// An organisation is a number of 32 bits without sign, the aggregator's columns are integers with
// one. Numbers above 2147483647, which its own programs cannot store, stand there as the negative
// number with the same bits. Columns of type varchar (toggles, feedback, acknowledgements) have the
// number's digits.
#pragma once

#include <cstdint>

#include "store/decide.h"

namespace insightd::store::pg {

// Whether there can be such a one; else there is nothing to find.
constexpr bool IsOrganization(std::int64_t org_id) { return org_id >= 0 && org_id <= kOrgIdMax; }

// For a parameter; the caller has checked the range.
constexpr std::int64_t OrgColumnOf(std::int64_t org_id) {
  return static_cast<std::int32_t>(static_cast<std::uint32_t>(org_id));
}

// Of a value that was read.
constexpr std::int64_t OrgOfColumn(std::int64_t column) {
  return static_cast<std::uint32_t>(static_cast<std::int32_t>(column));
}

}  // namespace insightd::store::pg
