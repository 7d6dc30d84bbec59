// What clients read of the APIs, as one organisation or another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "http/router.h"
#include "machine.h"

namespace insightd::simulation {

inline constexpr std::uint32_t kOrganizations = 3;

// In front of all that is an organisation's own: "org1-".
std::string MarkOf(std::uint32_t org_id);

// As an organisation's client calls one of the APIs; ReadAs: reads from the public one.
http::Response CallAs(const http::Router& api, std::uint32_t org_id, http::Method method,
                      const std::string& path, std::string body = {});
http::Response ReadAs(const Machine& machine, std::uint32_t org_id, const std::string& path);
std::string ReportPath(const std::string& cluster);

// Nothing when the answer holds no data of another organisation.
std::optional<std::string> FindForeignData(const http::Response& response, std::uint32_t org_id);

// All calls of both APIs that read what belongs to an organisation.
std::size_t Reads();
struct Asked {
  std::uint32_t asking;
  std::uint32_t named;  // in the path, where the call takes one
  std::string cluster;
};
// What is wrong with the answer to one of them. `is_away`: the store may be.
std::optional<std::string> FindWrongAnswer(const Machine& machine, std::size_t read,
                                           const Asked& asked, bool is_away);

}  // namespace insightd::simulation
