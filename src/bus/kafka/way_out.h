// What an operator can do about what librdkafka says: it knows no settings of ours.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace insightd::bus {

// The setting that a property of librdkafka comes from: bus.kafka_properties where there is none of
// its own.
std::string_view SettingOf(std::string_view property);

// The settings whose properties `text` names, "bus.kafka_ca_file": which to look at. `own` are what
// bus.kafka_properties holds, which is also named where there is no other.
std::string SettingsIn(std::string_view text,
                       std::span<const std::pair<std::string, std::string>> own);

// The same reason with the settings that may be at fault; as it is where it says enough.
std::string WithWayOut(std::string_view reason);

}  // namespace insightd::bus
