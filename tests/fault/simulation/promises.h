// What has to hold at every quiet point, whatever went wrong before.
#pragma once

#include <optional>
#include <string>

#include "machine.h"
#include "uploads.h"

namespace insightd::simulation {

// The first promise that is broken, for people; nothing when all hold. Nothing may be on its way.
// `history_rows_max`: so many ends of uploads can be looked up.
std::optional<std::string> FindBrokenPromise(Machine& machine, const BlobFolder& folder,
                                             const Uploads& uploads, std::int64_t history_rows_max);

// As an organisation's client calls one of the APIs; ReadAs: reads from the public one.
http::Response CallAs(const http::Router& api, std::uint32_t org_id, http::Method method,
                      const std::string& path, std::string body = {});
http::Response ReadAs(const Machine& machine, std::uint32_t org_id, const std::string& path);
std::string ReportPath(const std::string& cluster);

// Nothing when the answer holds no data of another organisation.
std::optional<std::string> FindForeignData(const http::Response& response, std::uint32_t org_id);

inline constexpr std::uint32_t kOrganizations = 3;

}  // namespace insightd::simulation
