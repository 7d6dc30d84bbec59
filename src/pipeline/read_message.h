// The message that a handler is given, read: what several kinds of work begin with.
#pragma once

#include <string>

#include "announce/announcement.h"
#include "base/json.h"
#include "base/result.h"
#include "blob/blob.h"
#include "bus/bus.h"
#include "pipeline/handler.h"
#include "pipeline/settings.h"

namespace insightd::pipeline {

// The value as text, inflated where it comes gzipped: no larger than
// `pipeline.announcement_bytes_max` then, else kTooLarge.
Result<std::string> ReadText(const bus::Message& message, const Settings& settings);

// Fills `known` with what can be told, also when it fails (kInvalid, with the member).
Result<announce::Announcement> ReadAnnouncement(std::string_view text, const blob::Store& blobs,
                                                json::Parser& parser, Known& known);

// Whether the announcement is for another service than ours.
bool IsOfAnotherService(const bus::Message& message, const Settings& settings);

}  // namespace insightd::pipeline
