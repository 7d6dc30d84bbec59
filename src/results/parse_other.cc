#include <fmt/core.h>

#include "base/json_writer.h"
#include "results/other_messages.h"

namespace insightd::results {
namespace {

// What both messages have in common.
struct Envelope {
  json::Document document = {};
  json::Value root = {};
  json::Value metadata = {};
  std::string path = {};
  std::string cluster = {};
  std::string organization = {};
  std::string request_id = {};
};

insightd::Result<std::string> Text(json::Value owner, std::string_view name,
                                   std::string_view shown) {
  const json::Value value = owner[name];
  if (value.is_string() && !value.AsString().empty()) return std::string(value.AsString());
  return Fail(Code::kInvalid, fmt::format("member {} is {}, not a text", shown,
                                          value.is_null() ? "missing" : value.ToText()));
}

insightd::Result<Envelope> ReadEnvelope(std::string_view message, json::Parser& parser) {
  insightd::Result<json::Document> document = parser.Parse(message);
  if (!document) return Fail(std::move(document).error());
  Envelope envelope{.document = *std::move(document)};
  const json::Value root = envelope.document.root();
  if (!root.is_object()) return Fail(Code::kInvalid, "the message is no JSON object");
  const json::Value metadata = root["metadata"];
  if (!metadata.is_object()) return Fail(Code::kInvalid, "member metadata is no object");
  auto path = Text(root, "path", "path");
  if (!path) return Fail(std::move(path).error());
  auto cluster = Text(metadata, "cluster_id", "metadata.cluster_id");
  if (!cluster) return Fail(std::move(cluster).error());
  const json::Value organization = metadata["external_organization"];
  if (!organization.is_string() && !organization.is_null()) {
    return Fail(Code::kInvalid, "member metadata.external_organization is not a text");
  }
  const json::Value request = root["request_id"];
  envelope.root = root;
  envelope.metadata = metadata;
  envelope.path = *std::move(path);
  envelope.cluster = *std::move(cluster);
  envelope.organization = organization.StringOr("");
  envelope.request_id = request.is_null() ? "" : request.StringOr(request.ToText());
  return envelope;
}

}  // namespace

insightd::Result<SyncedArchive> ParseSyncedArchive(std::string_view message, json::Parser& parser) {
  auto envelope = ReadEnvelope(message, parser);
  if (!envelope) return Fail(std::move(envelope).error());
  const std::optional<json::Value> original = envelope->root.Find("original_path");
  if (original && !original->is_string()) {
    return Fail(Code::kInvalid, "member original_path is not a text");
  }
  return SyncedArchive{.path = std::move(envelope->path),
                       .original_path = std::string(original ? original->AsString() : ""),
                       .cluster = std::move(envelope->cluster),
                       .external_organization = std::move(envelope->organization),
                       .request_id = std::move(envelope->request_id),
                       .metadata = envelope->metadata.ToText()};
}

insightd::Result<RulesResult> ParseRulesResult(std::string_view message, json::Parser& parser) {
  auto envelope = ReadEnvelope(message, parser);
  if (!envelope) return Fail(std::move(envelope).error());
  if (!envelope->root["report"].is_object()) {
    return Fail(Code::kInvalid, "member report is no object");
  }
  RulesResult result{.path = std::move(envelope->path),
                     .cluster = std::move(envelope->cluster),
                     .organization = std::move(envelope->organization),
                     .request_id = std::move(envelope->request_id),
                     .document = {}};
  json::JsonWriter(result.document, json::JsonWriter::Form::kSpaced).Json(envelope->root);
  return result;
}

}  // namespace insightd::results
