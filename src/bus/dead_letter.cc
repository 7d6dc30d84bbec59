#include "bus/dead_letter.h"
#include "base/utf8.h"

#include <charconv>
#include <string_view>
#include <utility>

namespace insightd::bus {
namespace {

constexpr std::string_view kPrefix = "insightd-dead-";
constexpr std::string_view kCut = " … (cut)";

template <class Integer>
std::optional<Integer> ParseInteger(const std::string& text) {
  Integer value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Not in the middle of a character: a header has to stay UTF-8.
std::string Cut(const std::string& reason) {
  if (reason.size() <= kReasonBytesMax) return reason;
  return std::string(utf8::Front(reason, kReasonBytesMax - kCut.size())).append(kCut);
}

}  // namespace

Record WrapDeadLetter(const Message& failed, const Failure& failure, bool with_value) {
  Record letter{.key = failed.record.key,
                .value = with_value ? failed.record.value : std::string(),
                .headers = {},
                .timestamp = {},
                .no_value = failed.record.no_value};
  // Ours say what they say of this letter alone, also when the record was a letter before.
  for (const Header& header : failed.record.headers) {
    if (!std::string_view(header.name).starts_with(kPrefix)) letter.headers.push_back(header);
  }
  std::string reason = Cut(failure.reason);
  if (!with_value) {
    reason += " (the value of " + std::to_string(failed.record.value.size()) +
              " bytes is left out, since the letter would be too large for its topic: it lies in " +
              failed.position.topic + ", partition " + std::to_string(failed.position.partition) +
              ", offset " + std::to_string(failed.position.offset) + ")";
  }
  const auto add = [&letter](std::string_view name, std::string value) {
    if (value.empty()) return;
    letter.headers.push_back({std::string(kPrefix).append(name), std::move(value)});
  };
  add("topic", failed.position.topic);
  add("partition", std::to_string(failed.position.partition));
  add("offset", std::to_string(failed.position.offset));
  add("produced", FormatTime(failed.record.timestamp));
  add("stage", failure.stage);
  add("code", failure.code);
  add("reason", std::move(reason));
  add("tries", std::to_string(failure.tries));
  add("first-failed", FormatTime(failure.first_failed));
  add("last-failed", FormatTime(failure.last_failed));
  add("build", failure.build);
  add("request-id", failure.request_id);
  if (failure.org_id) add("org-id", std::to_string(*failure.org_id));
  add("cluster", failure.cluster);
  add("archive", failure.archive);
  return letter;
}

DeadLetter UnwrapDeadLetter(const Message& letter) {
  DeadLetter out{.origin = letter.position,
                 .record = {.key = letter.record.key,
                            .value = letter.record.value,
                            .headers = {},
                            .timestamp = letter.record.timestamp,
                            .no_value = letter.record.no_value},
                 .failure = {.stage = "unknown",
                             .code = "unknown",
                             .reason = "the letter does not say why it was set aside",
                             .tries = 1,
                             .first_failed = letter.record.timestamp,
                             .last_failed = letter.record.timestamp,
                             .build = {},
                             .request_id = {},
                             .org_id = {},
                             .cluster = {},
                             .archive = {}}};
  Failure& failure = out.failure;
  for (const Header& header : letter.record.headers) {
    const std::string_view name = header.name;
    if (name.substr(0, kPrefix.size()) != kPrefix) {
      out.record.headers.push_back(header);
      continue;
    }
    const std::string_view field = name.substr(kPrefix.size());
    if (!header.value) continue;  // none of ours
    const std::string& value = *header.value;
    if (field == "topic") out.origin.topic = value;
    if (field == "partition") {
      out.origin.partition = ParseInteger<std::int32_t>(value).value_or(out.origin.partition);
    }
    if (field == "offset") {
      out.origin.offset = ParseInteger<std::int64_t>(value).value_or(out.origin.offset);
    }
    if (field == "produced") {
      out.record.timestamp = ParseTime(value).value_or(out.record.timestamp);
    }
    if (field == "stage") failure.stage = value;
    if (field == "code") failure.code = value;
    if (field == "reason") failure.reason = value;
    if (field == "tries") failure.tries = ParseInteger<std::int32_t>(value).value_or(1);
    if (field == "first-failed") {
      failure.first_failed = ParseTime(value).value_or(failure.first_failed);
    }
    if (field == "last-failed") {
      failure.last_failed = ParseTime(value).value_or(failure.last_failed);
    }
    if (field == "build") failure.build = value;
    if (field == "request-id") failure.request_id = value;
    if (field == "org-id") failure.org_id = ParseInteger<std::int64_t>(value);
    if (field == "cluster") failure.cluster = value;
    if (field == "archive") failure.archive = value;
  }
  return out;
}

}  // namespace insightd::bus
