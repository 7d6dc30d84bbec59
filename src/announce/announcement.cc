#include "announce/announcement.h"

#include <fmt/core.h>

#include "base/json_writer.h"
#include "base/text.h"

namespace insightd::announce {
namespace {

using json::JsonWriter;
using json::Value;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
constexpr std::chrono::days kStaleAfter{30};

std::string_view WithoutByteOrderMark(std::string_view text) {
  return text.starts_with(kByteOrderMark) ? text.substr(kByteOrderMark.size()) : text;
}

// Nothing that the flow needs: kept if it is a text.
std::string TextOf(Value object, std::string_view name) {
  return std::string(object[name].StringOr(""));
}

// What Python takes for false.
bool IsNothing(Value value) {
  switch (value.type()) {
    case json::Type::kNull: return true;
    case json::Type::kBool: return !value.AsBool();
    case json::Type::kInt:
    case json::Type::kDouble: return value.AsDouble() == 0;
    case json::Type::kString: return value.AsString().empty();
    case json::Type::kArray:
    case json::Type::kObject: return value.empty();
  }
  __builtin_unreachable();
}

std::string RequestIdOf(Value root) {
  const Value value = root["request_id"];
  if (value.is_null()) return {};
  return value.is_string() ? std::string(value.AsString()) : value.ToText();
}

Result<std::string> RequiredText(Value root, std::string_view name) {
  const std::optional<Value> value = root.Find(name);
  if (!value) return Fail(Code::kInvalid, fmt::format("announcement: `{}` is missing", name));
  if (!value->is_string()) {
    return Fail(Code::kInvalid, fmt::format("announcement: `{}` is not a text", name));
  }
  return std::string(value->AsString());
}

// As the hosted upload service prints texts: safe inside HTML.
void AppendHtmlSafe(std::string& out, std::string_view text) {
  std::string quoted;
  json::AppendQuoted(quoted, text);
  for (const char c : quoted) {
    switch (c) {
      case '&': out += "\\u0026"; break;
      case '<': out += "\\u003c"; break;
      case '>': out += "\\u003e"; break;
      default: out += c;
    }
  }
}

}  // namespace

std::optional<std::string_view> Announcement::blob_key() const {
  const std::string_view text = url;
  if (!text.starts_with(kBlobScheme)) return std::nullopt;
  return text.substr(kBlobScheme.size());
}

std::string Announcement::LastChecked() const {
  return ParseTime(timestamp) ? timestamp : FormatTime(uploaded);
}

Result<Announcement> Parse(std::string_view message, json::Parser& parser) {
  if (message.empty()) return Fail(Code::kInvalid, "announcement: the message is empty");
  const Result<json::Document> document = parser.Parse(WithoutByteOrderMark(message));
  if (!document) {
    return Fail(Code::kInvalid, "announcement is not JSON: " + document.error().message());
  }
  const Value root = document->root();
  if (!root.is_object()) return Fail(Code::kInvalid, "announcement: not a JSON object");

  Announcement result;
  for (const auto& [name, member] : {std::pair{"url", &Announcement::url},
                                     std::pair{"b64_identity", &Announcement::b64_identity},
                                     std::pair{"timestamp", &Announcement::timestamp}}) {
    Result<std::string> text = RequiredText(root, name);
    if (!text) return Fail(std::move(text).error());
    result.*member = *std::move(text);
  }
  result.request_id = RequestIdOf(root);
  result.account = TextOf(root, "account");
  result.principal = TextOf(root, "principal");
  result.org_id = TextOf(root, "org_id");
  result.category = TextOf(root, "category");
  result.content_type = TextOf(root, "content_type");
  result.service = TextOf(root, "service");
  if (root["size"].is_int()) result.size_bytes = root["size"].AsInt();
  if (root["metadata"].is_object()) result.metadata = root["metadata"].ToText();
  // Only told, never decisive: a strange one is as good as none.
  result.gathering_time = TextOf(root["metadata"]["custom_metadata"], "gathering_time");

  const std::optional<Time> uploaded = ParseIsoTime(result.timestamp);
  if (!uploaded) {
    return Fail(Code::kInvalid, fmt::format("announcement: `timestamp` \"{}\" is no time",
                                            result.timestamp.substr(0, 64)));
  }
  result.uploaded = *uploaded;

  const Value cluster_name = root["cluster_name"];
  if (!IsNothing(cluster_name)) {
    if (CanonicalUuid(cluster_name.StringOr("")).empty()) {
      return Fail(Code::kInvalid, fmt::format("announcement: `cluster_name` {} is not a UUID",
                                              cluster_name.ToText().substr(0, 64)));
    }
    result.cluster_name = cluster_name.AsString();
  }

  Result<Identity> identity = ParseIdentity(result.b64_identity);
  if (!identity) return Fail(std::move(identity).error().While("announcement"));
  result.identity = *std::move(identity);
  return result;
}

Traces TracesOf(std::string_view message, json::Parser& parser) {
  Traces traces;
  const Result<json::Document> document = parser.Parse(WithoutByteOrderMark(message));
  if (!document || !document->root().is_object()) return traces;
  const Value root = document->root();
  traces.request_id = RequestIdOf(root);
  traces.org_id = TextOf(root, "org_id");
  traces.cluster = TextOf(root, "cluster_name");
  const Result<Identity> identity = ParseIdentity(root["b64_identity"].StringOr(""));
  if (identity) {
    traces.org_id = std::to_string(identity->org_id);
    if (traces.cluster.empty()) traces.cluster = identity->cluster;
  }
  return traces;
}

std::string Print(const Announcement& announcement) {
  std::string out;
  out.reserve(512 + announcement.url.size() + announcement.b64_identity.size() +
              announcement.metadata.size());
  bool first = true;
  const auto key = [&](std::string_view name) {
    out += first ? "{\"" : ",\"";
    first = false;
    out += name;
    out += "\":";
  };
  const auto text = [&](std::string_view name, std::string_view value) {
    key(name);
    AppendHtmlSafe(out, value);
  };
  text("account", announcement.account);
  text("category", announcement.category);
  text("content_type", announcement.content_type);
  key("metadata");
  out += announcement.metadata;
  text("request_id", announcement.request_id);
  text("principal", announcement.principal);
  text("org_id", announcement.org_id);
  text("service", announcement.service);
  key("size");
  json::AppendInt(out, announcement.size_bytes);
  text("url", announcement.url);
  text("b64_identity", announcement.b64_identity);
  text("timestamp", announcement.timestamp);
  if (!announcement.cluster_name.empty()) text("cluster_name", announcement.cluster_name);
  out += '}';
  return out;
}

std::string MetadataFor(std::string_view client_metadata, Time now, json::Parser& parser) {
  const Result<json::Document> document =
      client_metadata.empty() ? json::Document() : parser.Parse(client_metadata);
  const Value client = document ? document->root() : Value();
  std::string out;
  JsonWriter w(out);
  w.BeginObject().Key("reporter").String("ingress");
  w.Key("stale_timestamp").String(FormatTimeSeconds(now + kStaleAfter));
  if (client.is_object()) {
    if (client["custom_metadata"].is_object()) {
      w.Key("custom_metadata").Json(client["custom_metadata"]);
    }
    for (const auto& [name, value] : client.members()) {
      if (name == "reporter" || name == "stale_timestamp" || name == "custom_metadata") continue;
      w.Key(name).Json(value);
    }
  }
  w.EndObject();
  return out;
}

}  // namespace insightd::announce
