#include "api/aggregator/bodies.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <utility>

#include "api/aggregator/answers.h"
#include "api/aggregator/go_json.h"
#include "api/aggregator/go_text.h"

namespace insightd::api::aggregator {
namespace {

using go_json::Cursor;
using go_json::IsField;
using go_json::Kind;
using go_json::Take;

http::Response WrongType() { return ErrorAnswer(400, "bad type in json data"); }

// Reads the first value of the body with `take`, which is false for a value of another type.
template <class T, class TakeValue>
Param<T> Read(const Call& call, TakeValue take) {
  const std::string_view body = call.request.body;
  const auto end = go_json::FirstValue(body);
  if (!end) {
    return tl::unexpected(end.error().truncated ? InternalError()
                                                : ErrorAnswer(400, end.error().text));
  }
  Cursor cursor(body.substr(0, *end));
  T value{};
  if (!take(cursor, value)) return tl::unexpected(WrongType());
  return value;
}

// Takes an object, of which `visit` takes members; `null` has none.
template <class Visit>
bool TakeObject(Cursor& cursor, Visit visit) {
  const Kind kind = cursor.kind();
  if (kind != Kind::kObject) return kind == Kind::kNull;
  bool good = true;
  cursor.Members(
      [&](const std::string& name, Cursor& value) { good = visit(name, value) && good; });
  return good;
}

bool SkipValue(Cursor& cursor) {
  cursor.Skip();
  return true;
}

}  // namespace

Param<std::string> TextBody(const Call& call, std::string_view field) {
  return Read<std::string>(call, [&](Cursor& cursor, std::string& out) {
    return TakeObject(cursor, [&](const std::string& name, Cursor& value) {
      return IsField(name, field) ? Take(value, out) : SkipValue(value);
    });
  });
}

Param<std::string> FeedbackBody(const Call& call, std::string_view field, std::string_view called) {
  Param<std::string> text = TextBody(call, field);
  if (!text) return text;
  const auto bytes_max = static_cast<std::size_t>(
      std::max<std::int64_t>(call.service.options.feedback_message_bytes_max, 0));
  if (text->size() > bytes_max) {
    return tl::unexpected(
        ValidatingError(field, text->substr(0, bytes_max) + "...",
                        fmt::format("{} is longer than {} bytes", called, bytes_max)));
  }
  if (!IsStorable(*text)) {
    return tl::unexpected(ValidatingError(field, *text, fmt::format("{} has a NUL", called)));
  }
  return text;
}

Param<std::vector<std::string>> ListBody(const Call& call) {
  return Read<std::vector<std::string>>(
      call, [](Cursor& cursor, std::vector<std::string>& out) { return Take(cursor, out); });
}

Param<std::vector<std::string>> ClustersBody(const Call& call) {
  return Read<std::vector<std::string>>(call, [](Cursor& cursor, std::vector<std::string>& out) {
    return TakeObject(cursor, [&](const std::string& name, Cursor& value) {
      return IsField(name, "clusters") ? Take(value, out) : SkipValue(value);
    });
  });
}

Param<RatingGiven> RatingBody(const Call& call) {
  return Read<RatingGiven>(call, [](Cursor& cursor, RatingGiven& out) {
    return TakeObject(cursor, [&](const std::string& name, Cursor& value) {
      if (IsField(name, "rule")) return Take(value, out.rule);
      if (IsField(name, "rating")) return Take(value, out.rating);
      return SkipValue(value);
    });
  });
}

std::vector<std::string> Storable(std::vector<std::string> texts) {
  std::erase_if(texts, [](const std::string& text) { return !IsStorable(text); });
  return texts;
}

}  // namespace insightd::api::aggregator
