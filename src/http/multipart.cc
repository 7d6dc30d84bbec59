#include "http/multipart.h"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "base/text.h"

namespace insightd::http {
namespace {

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool EqualsWithoutCase(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return Lower(x) == Lower(y); });
}

// How many bytes at the end of `bytes` are the start of `delimiter`.
std::size_t PartialAtEnd(std::string_view bytes, std::string_view delimiter) {
  for (std::size_t n = std::min(bytes.size(), delimiter.size() - 1); n > 0; --n) {
    if (delimiter.starts_with(bytes.substr(bytes.size() - n))) return n;
  }
  return 0;
}

}  // namespace

MultipartParser::MultipartParser(std::string_view boundary, PartConsumer& consumer,
                                 MultipartLimits limits)
    : consumer_(consumer),
      limits_(limits),
      delimiter_(fmt::format("\r\n--{}", boundary)),
      held_("\r\n") {}  // the first boundary may stand at the very front

Result<void> MultipartParser::Push(std::string_view bytes) {
  if (state_ == State::kFailed) return Fail(Code::kInvalid, "the form was given up before");
  while (!bytes.empty()) {
    Result<void> step = Step(bytes);
    if (!step) {
      state_ = State::kFailed;
      return step;
    }
  }
  return {};
}

Result<void> MultipartParser::Finish() {
  if (state_ == State::kEpilogue) return {};
  return Fail(Code::kCorrupt, parts_ == 0 ? "the form has no part: its boundary does not occur"
                                          : "the form ends before its last boundary; it was cut");
}

Result<void> MultipartParser::Step(std::string_view& bytes) {
  switch (state_) {
    case State::kPreamble: return SkipToBoundary(bytes, /*give=*/false);
    case State::kData: return SkipToBoundary(bytes, /*give=*/true);
    case State::kAfterBoundary:
      held_ += bytes.front();
      bytes.remove_prefix(1);
      return AfterBoundary();
    case State::kHead: {
      // Up to the end of the line, then a look at whether the head is whole.
      const std::size_t line = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
      held_ += bytes.substr(0, line);
      bytes.remove_prefix(line);
      if (held_.size() > limits_.head_bytes_max) {
        return Fail(Code::kTooLarge, fmt::format("the head of a part of the form is over {} bytes",
                                                 limits_.head_bytes_max));
      }
      const bool whole =
          held_ == "\r\n" || held_ == "\n" || held_.ends_with("\n\r\n") || held_.ends_with("\n\n");
      return whole ? TakeHead() : Result<void>();
    }
    case State::kEpilogue: bytes = {}; return {};
    case State::kFailed: break;
  }
  return Fail(Code::kInternal, "the form was given up before");
}

// Takes bytes up to and with the next delimiter, or all but what may be the start of one.
Result<void> MultipartParser::SkipToBoundary(std::string_view& bytes, bool give) {
  if (!held_.empty()) {
    // The start of a delimiter has been held back: does it go on?
    const std::size_t more = std::min(bytes.size(), delimiter_.size() - held_.size());
    const std::size_t before = held_.size();
    held_ += bytes.substr(0, more);
    if (delimiter_.starts_with(held_)) {
      bytes.remove_prefix(more);
      if (held_.size() < delimiter_.size()) return {};
      held_.clear();
      state_ = State::kAfterBoundary;
      return give ? consumer_.EndPart() : Result<void>();
    }
    // It does not. Some later place in what was held may be a start still.
    std::string tried = std::exchange(held_, std::string());
    tried.resize(before);
    std::size_t keep = before - 1;
    while (keep > 0 && !delimiter_.starts_with(std::string_view(tried).substr(before - keep))) {
      --keep;
    }
    held_ = tried.substr(before - keep);
    tried.resize(before - keep);
    return give ? Give(tried) : Result<void>();
  }
  const std::size_t found = bytes.find(delimiter_);
  if (found != std::string_view::npos) {
    Result<void> given = give ? Give(bytes.substr(0, found)) : Result<void>();
    if (!given) return given;
    bytes.remove_prefix(found + delimiter_.size());
    state_ = State::kAfterBoundary;
    return give ? consumer_.EndPart() : Result<void>();
  }
  const std::size_t partial = PartialAtEnd(bytes, delimiter_);
  held_ = bytes.substr(bytes.size() - partial);
  const std::string_view sure = bytes.substr(0, bytes.size() - partial);
  bytes = {};
  return give ? Give(sure) : Result<void>();
}

Result<void> MultipartParser::Give(std::string_view bytes) {
  return bytes.empty() ? Result<void>() : consumer_.PartData(bytes);
}

// Behind a boundary: "--" for the last, or blanks and the end of the line.
Result<void> MultipartParser::AfterBoundary() {
  if (held_ == "--") {
    held_.clear();
    state_ = State::kEpilogue;
    return {};
  }
  if (held_ == "-") return {};
  if (held_.back() == '\n') {
    if (++parts_ > limits_.parts_max) {
      return Fail(Code::kTooLarge,
                  fmt::format("the form has more than {} parts", limits_.parts_max));
    }
    held_.clear();
    state_ = State::kHead;
    return {};
  }
  const bool padding = held_.find_first_not_of(" \t\r") == std::string::npos;
  if (!padding || held_.size() > limits_.head_bytes_max) {
    return Fail(Code::kInvalid,
                "a boundary of the form is followed by something else than the "
                "end of its line");
  }
  return {};
}

Result<void> MultipartParser::TakeHead() {
  PartHead head;
  std::string_view rest = held_;
  while (!rest.empty()) {
    const std::size_t end = rest.find('\n');
    const std::string_view line = Stripped(rest.substr(0, end));
    rest.remove_prefix(end + 1);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    const std::string_view name = Stripped(line.substr(0, colon));
    const std::string_view value = Stripped(line.substr(colon + 1));
    if (EqualsWithoutCase(name, "content-disposition")) {
      head.name = HeaderParameter(value, "name").value_or("");
      head.filename = HeaderParameter(value, "filename");
    } else if (EqualsWithoutCase(name, "content-type")) {
      head.content_type = value;
    }
  }
  held_.clear();
  state_ = State::kData;
  return consumer_.BeginPart(head);
}

Result<std::string> BoundaryOf(std::string_view content_type) {
  const std::string_view type = Stripped(content_type.substr(0, content_type.find(';')));
  if (!EqualsWithoutCase(type, "multipart/form-data")) {
    return Fail(Code::kInvalid, fmt::format("the content type is \"{}\", not multipart/form-data",
                                            content_type.substr(0, 100)));
  }
  std::optional<std::string> boundary = HeaderParameter(content_type, "boundary");
  if (!boundary || boundary->empty() || boundary->size() > MultipartParser::kBoundaryBytesMax) {
    return Fail(Code::kInvalid,
                fmt::format("the content type names no boundary of 1 to {} characters",
                            MultipartParser::kBoundaryBytesMax));
  }
  return std::move(*boundary);
}

std::optional<std::string> HeaderParameter(std::string_view header, std::string_view name) {
  std::size_t at = header.find(';');
  while (at != std::string_view::npos && at < header.size()) {
    header.remove_prefix(at + 1);
    const std::size_t equals = header.find_first_of("=;");
    if (equals == std::string_view::npos) return std::nullopt;
    if (header[equals] == ';') {
      at = equals;
      continue;
    }
    const bool wanted = EqualsWithoutCase(Stripped(header.substr(0, equals)), name);
    header.remove_prefix(equals + 1);
    while (!header.empty() && (header.front() == ' ' || header.front() == '\t')) {
      header.remove_prefix(1);
    }
    std::string value;
    if (!header.empty() && header.front() == '"') {
      std::size_t i = 1;
      for (; i < header.size() && header[i] != '"'; ++i) {
        // Browsers escape quotes alone; a backslash before anything else is one (C:\x).
        if (header[i] == '\\' && i + 1 < header.size() &&
            (header[i + 1] == '"' || header[i + 1] == '\\')) {
          ++i;
        }
        value += header[i];
      }
      header.remove_prefix(std::min(i + 1, header.size()));
      at = header.find(';');
    } else {
      at = header.find(';');
      value = Stripped(header.substr(0, at));
    }
    if (wanted) return value;
  }
  return std::nullopt;
}

}  // namespace insightd::http
