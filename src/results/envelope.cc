#include "results/envelope.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <system_error>
#include <utility>
#include <vector>

#include "base/json_writer.h"
#include "base/text.h"
#include "results/last_checked.h"

namespace insightd::results {
namespace {

using json::Type;
using json::Value;

constexpr std::int64_t kUint32Max = 4294967295;
constexpr std::int64_t kUint8Max = 255;

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view TypeName(Value value) {
  switch (value.type()) {
    case Type::kNull: return "null";
    case Type::kBool: return "bool";
    case Type::kInt:
    case Type::kDouble: return "number";
    case Type::kString: return "string";
    case Type::kArray: return "array";
    case Type::kObject: return "object";
  }
  __builtin_unreachable();
}

insightd::Result<Value> Whole(Value object, std::string_view name, std::int64_t max) {
  const Value value = FindAnyCase(object, name);
  if (value.is_null()) return value;
  if (!value.is_int() || value.AsInt() < 0 || value.AsInt() > max) {
    return WrongType(value, name, fmt::format("integer 0 to {}", max));
  }
  return value;
}

insightd::Result<void> TakeMetadata(Value root, Head& head) {
  const auto metadata = Typed(root, "Metadata", Type::kObject, "object");
  if (!metadata) return Fail(metadata.error());
  if (!metadata->is_object()) return {};
  const auto gathered = Typed(*metadata, "gathering_time", Type::kString, "time", "Metadata.");
  if (!gathered) return Fail(gathered.error());
  if (gathered->is_null()) return {};
  head.gathered = ParseRounded(gathered->AsString());
  if (head.gathered) return {};
  return Fail(Code::kInvalid, fmt::format("Metadata.gathering_time \"{}\" is no RFC 3339 time",
                                          gathered->AsString().substr(0, 64)));
}

constexpr std::size_t kEscapeBytes = 6;  // of \uD800

enum class Half : std::uint8_t { kNone, kHigh, kLow };

// Of a surrogate pair, that the text begins with as an escape.
Half HalfAt(std::string_view text) {
  if (text.size() < kEscapeBytes || !text.starts_with("\\u")) return Half::kNone;
  std::uint16_t unit = 0;
  const char* const end = text.data() + kEscapeBytes;
  const auto [behind, error] = std::from_chars(text.data() + 2, end, unit, 16);
  if (error != std::errc() || behind != end || unit < 0xd800 || unit > 0xdfff) return Half::kNone;
  return unit < 0xdc00 ? Half::kHigh : Half::kLow;
}

// `text` with \uFFFD for each half that lacks the other one.
std::string WithoutHalves(std::string_view text) {
  std::string out(text);
  for (std::size_t at = out.find('\\'); at != out.npos; at = out.find('\\', at)) {
    const std::string_view rest = std::string_view(out).substr(at);
    const Half half = HalfAt(rest);
    if (half == Half::kNone) {
      at += 2;  // the escape's second byte may be a backslash
    } else if (half == Half::kHigh && HalfAt(rest.substr(kEscapeBytes)) == Half::kLow) {
      at += 2 * kEscapeBytes;
    } else {
      out.replace(at, kEscapeBytes, "\\uFFFD");
      at += kEscapeBytes;
    }
  }
  return out;
}

}  // namespace

insightd::Result<json::Document> ParseMessage(std::string_view message, json::Parser& parser) {
  insightd::Result<json::Document> document = parser.Parse(message);
  if (document) return document;
  const std::string whole = WithoutHalves(message);
  return whole == message ? std::move(document) : parser.Parse(whole);
}

bool SameName(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return Lower(x) == Lower(y); });
}

Value FindAnyCase(Value object, std::string_view name) {
  Value found;
  for (const auto& [member, value] : object.members()) {
    if (SameName(member, name)) found = value;
  }
  return found;
}

tl::unexpected<Error> WrongType(Value value, std::string_view field, std::string_view wanted) {
  return Fail(Code::kInvalid, fmt::format("json: cannot unmarshal {} into field {} of type {}",
                                          TypeName(value), field, wanted));
}

insightd::Result<Value> Typed(Value object, std::string_view name, Type type,
                              std::string_view wanted, std::string_view path) {
  const Value value = FindAnyCase(object, name);
  if (!value.is_null() && value.type() != type) {
    return WrongType(value, std::string(path).append(name), wanted);
  }
  return value;
}

std::string SortedText(Value object) {
  std::vector<json::Member> members;
  for (const json::Member member : object.members()) members.push_back(member);
  std::stable_sort(members.begin(), members.end(),
                   [](const json::Member& a, const json::Member& b) { return a.name < b.name; });
  std::string out;
  json::JsonWriter w(out);
  w.BeginObject();
  for (std::size_t i = 0; i < members.size(); ++i) {
    if (i + 1 < members.size() && members[i + 1].name == members[i].name) continue;
    w.Key(members[i].name).Json(members[i].value);
  }
  w.EndObject();
  return out;
}

insightd::Result<Envelope> ReadEnvelope(std::string_view message, std::string_view body,
                                        json::Parser& parser, Head& head) {
  if (message.empty()) return Fail(Code::kInvalid, "unexpected end of JSON input");
  insightd::Result<json::Document> document = ParseMessage(message, parser);
  if (!document) return Fail(Code::kInvalid, document.error().message());
  const Value root = document->root();
  if (!root.is_object()) return WrongType(root, "(message)", "object");

  const auto org_id = Whole(root, "OrgID", kUint32Max);
  if (!org_id) return Fail(org_id.error());
  const auto account = Whole(root, "AccountNumber", kUint32Max);
  if (!account) return Fail(account.error());
  const auto version = Whole(root, "Version", kUint8Max);
  if (!version) return Fail(version.error());
  const auto cluster = Typed(root, "ClusterName", Type::kString, "string");
  if (!cluster) return Fail(cluster.error());
  const auto content = Typed(root, body, Type::kObject, "object");
  if (!content) return Fail(content.error());
  const auto last_checked = Typed(root, "LastChecked", Type::kString, "string");
  if (!last_checked) return Fail(last_checked.error());
  const auto request_id = Typed(root, "RequestId", Type::kString, "string");
  if (!request_id) return Fail(request_id.error());
  if (auto taken = TakeMetadata(root, head); !taken) return Fail(std::move(taken).error());

  for (const auto& [name, value] : {std::pair<std::string_view, Value>{"OrgID", *org_id},
                                    {"ClusterName", *cluster},
                                    {body, *content}}) {
    if (value.is_null()) {
      return Fail(Code::kInvalid, fmt::format("missing required attribute '{}'", name));
    }
  }
  head.org_id = org_id->AsInt();
  head.cluster = cluster->AsString();
  head.request_id = request_id->StringOr("");
  head.version = version->is_null() ? 0 : static_cast<int>(version->AsInt());
  if (!account->is_null()) head.account_number = account->AsInt();
  if (CanonicalUuid(head.cluster).empty()) {
    return Fail(Code::kInvalid, "cluster name is not a UUID");
  }
  return Envelope{*std::move(document), *content, last_checked->StringOr("")};
}

insightd::Result<void> Take(const Envelope& envelope, const Admit& admit, Head& head) {
  if (admit) {
    if (auto admitted = admit(head); !admitted) return admitted;
  }
  const insightd::Result<Time> time = ParseLastChecked(envelope.last_checked);
  if (!time) return Fail(time.error());
  head.last_checked = *time;
  return {};
}

}  // namespace insightd::results
