// Reads multipart/form-data as it comes, in pieces of any size, and hands the parts on without
// keeping them.
//
// The bytes come from anybody. What is kept between two pieces is at most a boundary or the head of
// one part: `head_bytes_max` and some 80 bytes. Takes what RFC 7578 and RFC 2046 allow, and line
// ends of a bare LF in the heads of parts, which some clients send. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace insightd::http {

struct PartHead {
  std::string name;                     // of the field; empty when the part says none
  std::optional<std::string> filename;  // as sent: for the eye only, never a path
  std::string content_type;             // empty when the part says none
};

// Takes the parts. A failure ends the parsing: Push gives it back.
class PartConsumer {
 public:
  virtual ~PartConsumer() = default;
  virtual Result<void> BeginPart(const PartHead& head) = 0;
  // Never empty; valid during the call.
  virtual Result<void> PartData(std::string_view bytes) = 0;
  virtual Result<void> EndPart() = 0;
};

struct MultipartLimits {
  std::size_t head_bytes_max = 8 * 1024;
  std::size_t parts_max = 16;
};

class MultipartParser {
 public:
  // 1 to 70 characters in RFC 2046.
  static constexpr std::size_t kBoundaryBytesMax = 70;

  // `boundary` as in the content type; `consumer` outlives the parser.
  MultipartParser(std::string_view boundary, PartConsumer& consumer, MultipartLimits limits = {});

  // After a failure every further call fails with kInvalid.
  Result<void> Push(std::string_view bytes);
  // The body is at its end: kCorrupt when the last boundary has not been seen.
  Result<void> Finish();

 private:
  enum class State : std::uint8_t {
    kPreamble,
    kAfterBoundary,  // "--" for the last one, else a line end
    kHead,
    kData,
    kEpilogue,
    kFailed
  };

  Result<void> Step(std::string_view& bytes);
  Result<void> AfterBoundary();
  Result<void> TakeHead();
  Result<void> Give(std::string_view bytes);
  Result<void> SkipToBoundary(std::string_view& bytes, bool give);

  PartConsumer& consumer_;
  const MultipartLimits limits_;
  const std::string delimiter_;  // CR LF "--" boundary
  State state_ = State::kPreamble;
  std::string held_;  // in kPreamble and kData the start of what may be a delimiter
  std::size_t parts_ = 0;
};

// The boundary of a content type `multipart/form-data; boundary=…`; kInvalid with the reason when
// it is another type or has none that can be used.
Result<std::string> BoundaryOf(std::string_view content_type);

// The value of `name` in a header such as `form-data; name="file"; filename="x"`, quotes and
// backslashes resolved; nothing when it is not there.
std::optional<std::string> HeaderParameter(std::string_view header, std::string_view name);

}  // namespace insightd::http
