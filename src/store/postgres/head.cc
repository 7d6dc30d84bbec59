#include "store/postgres/head.h"

namespace insightd::store::pg {

ReportMeta HeadAt(const Rows& rows, std::size_t row, std::int64_t org_id) {
  const auto count = [&](int column) { return static_cast<std::int32_t>(rows.IntAt(row, column)); };
  return {.org_id = org_id,
          .cluster = rows.StringAt(row, 0),
          .request_id = rows.StringAt(row, 1),
          .last_checked = rows.OptionalTimeAt(row, 2),
          .reported = rows.OptionalTimeAt(row, 3),
          .gathered = rows.OptionalTimeAt(row, 4),
          .version = rows.StringAt(row, 5),
          .counts = {.passes = count(6), .skips = count(7), .errors = count(8)},
          .hits = count(9)};
}

}  // namespace insightd::store::pg
