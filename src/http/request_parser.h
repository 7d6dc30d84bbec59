// The head and the body of one HTTP/1.1 request out of bytes that come in any pieces: Beast's
// parser, with nothing of Beast visible.
//
// The bytes come from anybody. What could be read in two ways (both lengths given, two lengths, a
// line end that is none, a folded line, not one Host) is refused. An identity that is given twice
// is one with a comma in it, as RFC 9110 5.3 joins fields: no base64, so that no reader takes
// either. One thread at a time; one object a request.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace insightd::http {

class RequestParser {
 public:
  // Takes a piece of the body; false ends the parsing: nothing more is wanted.
  using Sink = std::function<bool(std::span<const char>)>;

  explicit RequestParser(std::size_t head_bytes_max);
  ~RequestParser();

  // Both take bytes from the front and give back how many; the caller keeps the others, and puts
  // them before the next ones. Fewer than given means that more must come first, unless done.
  // kInvalid for what is no HTTP, kTooLarge for a head over its limit.
  Result<std::size_t> PutHead(std::string_view bytes, Request& request);
  // After head_done. Gives pieces of the body to `sink` until the body is done or bytes run out.
  Result<std::size_t> PutBody(std::string_view bytes, const Sink& sink);

  bool started() const;  // at least one byte of the head was taken
  bool head_done() const;
  bool done() const;  // head and body; also when there is no body
  // After head_done.
  std::optional<std::uint64_t> content_length() const;
  bool keep_alive() const;
  bool http_1_0() const;
  bool expects_continue() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace insightd::http
