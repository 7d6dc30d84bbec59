// What a call gives back when it can fail, and what a flow does about it.
//
// Three kinds of wrong, three means. It may happen (bad input, a server away, a full disk):
// Result. We were mistaken (an index past the end): INSIGHTD_ASSERT. The author of a rule was
// mistaken (a missing key in an expression): a value inside the language, see cel/value.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>

namespace insightd {

// Few, and each names what the caller can do about it, not where it went wrong.
enum class Code : std::uint8_t {
  kInvalid,      // the input breaks a rule that it was to keep
  kCorrupt,      // the bytes are damaged or cut short
  kTooLarge,     // a named limit was reached
  kNotFound,     // the thing asked for is not there, and waiting does not bring it
  kConflict,     // somebody else was faster: read again, then try again
  kUnavailable,  // the other side is away: the same call may pass later
  kNoRoom,       // a disk or a named limit is full: the same call may pass when something has gone
  kTimeout,      // no answer within the limit: it may or may not have happened
  kInternal      // nothing that a caller can mend
};

// The code's name as it stands in log records and dead letters: "too_large".
std::string_view CodeName(Code code);

// What a flow does with the message whose step failed this way.
enum class Verdict : std::uint8_t { kRetry, kDeadLetter, kStop };

constexpr Verdict VerdictFor(Code code) {
  switch (code) {  // No default: a new code must decide.
    case Code::kUnavailable:
    case Code::kNoRoom:
    case Code::kTimeout:
    case Code::kConflict: return Verdict::kRetry;
    case Code::kInvalid:
    case Code::kCorrupt:
    case Code::kTooLarge:
    case Code::kNotFound: return Verdict::kDeadLetter;
    case Code::kInternal: return Verdict::kStop;
  }
  __builtin_unreachable();
}

class [[nodiscard]] Error {
 public:
  Error(Code code, std::string message) : code_(code), message_(std::move(message)) {}

  Code code() const { return code_; }
  const std::string& message() const { return message_; }

  // "unpacking 4f0c…: entry 7: name leaves the root": each level adds what it was doing.
  Error While(std::string_view doing) && {
    message_.insert(0, ": ").insert(0, doing);
    return std::move(*this);
  }

 private:
  Code code_;
  std::string message_;
};

template <class T>
using Result = tl::expected<T, Error>;

// return Fail(Code::kTooLarge, fmt::format("archive of {} bytes is over {} ({})", …));
inline tl::unexpected<Error> Fail(Code code, std::string message) {
  return tl::unexpected<Error>(Error(code, std::move(message)));
}
inline tl::unexpected<Error> Fail(Error error) { return tl::unexpected<Error>(std::move(error)); }

namespace internal {
[[noreturn]] void AssertFailed(const char* condition, const char* file, int line);
}

}  // namespace insightd

// For our own mistakes only; on in release builds too: the process ends and is started again.
#define INSIGHTD_ASSERT(condition) \
  (static_cast<bool>(condition)    \
       ? static_cast<void>(0)      \
       : ::insightd::internal::AssertFailed(#condition, __FILE__, __LINE__))
