#include "blob/s3/failure.h"

#include <fmt/core.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <optional>

#include "blob/s3/http_date.h"
#include "blob/s3/xml.h"

namespace insightd::blob::s3 {
namespace {

struct Known {
  std::string_view s3_code;
  Code code;
  bool may_pass;
  bool keys_refused;
  std::string_view way_out;
};

constexpr auto kKnown = std::to_array<Known>({
    {"NoSuchKey", Code::kNotFound, false, false, ""},
    {"NoSuchBucket", Code::kUnavailable, false, false,
     "there is no such bucket: make it or mend blob.s3_bucket (and blob.s3_style)"},
    {"PreconditionFailed", Code::kConflict, false, false, ""},
    {"ConditionalRequestConflict", Code::kUnavailable, true, false, ""},
    {"OperationAborted", Code::kUnavailable, true, false, ""},
    {"InvalidAccessKeyId", Code::kUnavailable, false, true,
     "the server does not know blob.s3_access_key"},
    {"SignatureDoesNotMatch", Code::kUnavailable, false, true,
     "blob.s3_secret_key does not belong to blob.s3_access_key, or something between changes "
     "requests"},
    {"AccessDenied", Code::kUnavailable, false, true,
     "the key of blob.s3_access_key may not do this: it has to list the bucket and to get, put and "
     "delete objects"},
    {"AllAccessDisabled", Code::kUnavailable, false, false, "see blob.s3_bucket"},
    {"AccountProblem", Code::kUnavailable, false, false, ""},
    {"ExpiredToken", Code::kUnavailable, false, true,
     "blob.s3_session_token is over its time; with blob.s3_session_token_file a new one is found"},
    {"InvalidToken", Code::kUnavailable, false, true,
     "blob.s3_session_token is refused; with blob.s3_session_token_file a new one is found"},
    {"RequestTimeTooSkewed", Code::kUnavailable, false, false, ""},
    {"TokenRefreshRequired", Code::kUnavailable, false, true, "see blob.s3_session_token"},
    {"AuthorizationHeaderMalformed", Code::kUnavailable, false, true,
     "most often a wrong blob.s3_region"},
    {"PermanentRedirect", Code::kUnavailable, false, false,
     "the bucket is elsewhere: mend blob.s3_endpoint, blob.s3_region or blob.s3_style"},
    {"TemporaryRedirect", Code::kUnavailable, false, false,
     "the bucket is elsewhere: mend blob.s3_endpoint, blob.s3_region or blob.s3_style"},
    {"NotImplemented", Code::kUnavailable, false, false,
     "the server does not know what was asked for; where it is If-None-Match, set "
     "blob.s3_if_none_match to false; where it is an ACL (ccx-messaging), s3_acl_enabled of "
     "service.engine"},
    {"AccessControlListNotSupported", Code::kUnavailable, false, false,
     "the bucket takes no ACL: set s3_acl_enabled of service.engine to false"},
    {"EntityTooLarge", Code::kTooLarge, false, false, "see blob.s3_part_bytes"},
    {"EntityTooSmall", Code::kUnavailable, false, false, "see blob.s3_part_bytes"},
    {"BadDigest", Code::kUnavailable, true, false, "bytes were changed on the way"},
    {"XAmzContentSHA256Mismatch", Code::kUnavailable, true, false, "bytes were changed on the way"},
    {"IncompleteBody", Code::kUnavailable, true, false, ""},
    {"RequestTimeout", Code::kUnavailable, true, false, ""},
    {"InternalError", Code::kUnavailable, true, false, ""},
    {"SlowDown", Code::kUnavailable, true, false, "the server has more to do than it can"},
    {"ServiceUnavailable", Code::kUnavailable, true, false, ""},
    {"QuotaExceeded", Code::kNoRoom, false, false, "the bucket is full"},
    {"InsufficientCapacity", Code::kNoRoom, false, false, "the server is full"},
});

std::string OfClock(const Answer& answer, Time now) {
  std::string text =
      "the clock of this machine is too far from the server's: set it (chrony, systemd-timesyncd)";
  if (const std::optional<Time> theirs = ParseHttpDate(answer.Header("date"))) {
    const auto ahead = std::chrono::round<seconds>(now - *theirs).count();
    text += fmt::format("; it is {} s {}", std::abs(ahead), ahead < 0 ? "behind" : "ahead");
  }
  return text;
}

// Where the server gave no code of its own.
Known ForStatus(int status, bool is_head) {
  Known known{"", Code::kUnavailable, false, false, ""};
  switch (status) {
    case 301:
    case 302:
    case 307:
    case 308:
      known.way_out =
          "the bucket is elsewhere: mend blob.s3_endpoint, blob.s3_region or "
          "blob.s3_style";
      break;
    case 401:
    case 403:
      known.keys_refused = true;
      known.way_out = "see blob.s3_access_key, blob.s3_secret_key and the rights of that key";
      break;
    case 404:
      if (is_head) known.code = Code::kNotFound;
      break;
    case 412: known.code = Code::kConflict; break;
    case 413: known.code = Code::kTooLarge; break;
    case 408:
    case 409:
    case 425:
    case 429: known.may_pass = true; break;
    case 501: break;
    case 507: known.code = Code::kNoRoom; break;
    default: known.may_pass = status >= 500;
  }
  return known;
}

}  // namespace

Failure FailureOf(const Answer& answer, std::string_view method, std::string_view doing,
                  const Address& address, Time now) {
  const std::string head = fmt::format("{}: {}", address.Shown(), doing);
  if (answer.failure) {
    const Code code = answer.failure->code();
    return {.error = Error(code, fmt::format("{}: {}", head, answer.failure->message())),
            .s3_code = "",
            .may_pass = code != Code::kTooLarge,
            .keys_refused = false};
  }
  std::string s3_code = XmlText(answer.body, "Code");
  constexpr std::size_t kCodeMax = 80;
  if (s3_code.size() > kCodeMax) s3_code.clear();
  Known known = ForStatus(answer.status, method == "HEAD");
  for (const Known& row : kKnown) {
    if (row.s3_code == s3_code) known = row;
  }
  std::string text = fmt::format("{}: status {}", head, answer.status);
  if (!s3_code.empty()) text += " " + s3_code;
  if (s3_code == "RequestTimeTooSkewed") {
    text += "; " + OfClock(answer, now);
  } else if (!known.way_out.empty()) {
    text.append("; ").append(known.way_out);
  }
  return {.error = Error(known.code, std::move(text)),
          .s3_code = std::move(s3_code),
          .may_pass = known.may_pass,
          .keys_refused = known.keys_refused};
}

}  // namespace insightd::blob::s3
