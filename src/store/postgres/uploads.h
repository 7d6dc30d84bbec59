// How uploads ended, and which archives are needed for nothing any more.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "store/postgres/connection.h"
#include "store/store.h"

namespace insightd::store::pg {

Result<Upload> ReadUpload(Connection& connection, std::string_view request_id);
// Current ones stay, out of the way of further calls (their ids become negative), until Put
// replaces them.
Result<std::size_t> RemoveUploads(Connection& connection, const Keep& keep, std::size_t rows_max);

Result<std::vector<KeptArchive>> ReadReleased(Connection& connection, Time until,
                                              std::size_t archives_max);
Result<std::vector<KeptArchive>> ReadNewest(Connection& connection, std::size_t archives_max);
Result<void> RemoveArchives(Connection& connection, std::span<const KeptArchive> archives);
Result<std::vector<ArchiveUse>> ReadUses(Connection& connection, std::span<const std::string> keys);

}  // namespace insightd::store::pg
