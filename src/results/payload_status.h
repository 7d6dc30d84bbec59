// What a service tells the payload tracker about an upload: how far it has come. Data only.
#pragma once

#include <string>
#include <string_view>

#include "base/clock.h"

namespace insightd::results {

inline constexpr std::string_view kStatusTopic = "platform.payload-status";

inline constexpr std::string_view kStatusReceived = "received";
inline constexpr std::string_view kStatusProcessing = "processing";  // of the pipeline
inline constexpr std::string_view kStatusProcessed = "processed";    // of a writer
inline constexpr std::string_view kStatusSuccess = "success";
inline constexpr std::string_view kStatusError = "error";

// The two kinds of service write the same members in forms of their own.
enum class StatusForm : std::uint8_t { kPipeline, kWriter };

struct PayloadStatus {
  std::string_view service;
  std::string_view request_id;
  std::string_view status;
  Time date{};
  std::string_view org_id = {};   // empty: left out
  std::string_view account = {};  // the same
  std::string_view message = {};  // the same; of kStatusError
};

// One line without an end of line.
std::string PrintPayloadStatus(const PayloadStatus& status, StatusForm form);

}  // namespace insightd::results
