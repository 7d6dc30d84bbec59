#include "api/aggregator/spec.h"

#include <fmt/format.h>

#include <cstdio>
#include <filesystem>
#include <utility>

#include "api/aggregator/writer.h"
#include "base/json.h"
#include "base/text.h"

// See openapi_text.S.
extern "C" const char insightd_aggregator_openapi_begin[];
extern "C" const char insightd_aggregator_openapi_end[];

namespace insightd::api::aggregator {
namespace {

// As it stands in openapi.json.
constexpr std::string_view kServer = "\"url\": \"/api/v1\"";

bool IsDebugTag(std::string_view tag) {
  tag = Stripped(tag);
  constexpr std::string_view kTag = "debug";
  if (tag.size() != kTag.size()) return false;
  for (std::size_t i = 0; i < tag.size(); ++i) {
    if ((tag[i] | 0x20) != kTag[i]) return false;
  }
  return true;
}

bool IsForDebugging(json::Value operation) {
  const json::Value tags = operation["tags"];
  if (!tags.is_array()) return false;
  for (const json::Value tag : tags.elements()) {
    if (IsDebugTag(tag.StringOr(""))) return true;
  }
  return false;
}

bool IsOperation(std::string_view name) {
  for (const std::string_view method :
       {"get", "put", "post", "delete", "options", "head", "patch", "trace"}) {
    if (name == method) return true;
  }
  return false;
}

// Whether operations of the path stay.
bool IsShown(json::Value path) {
  if (!path.is_object()) return true;
  for (const json::Member member : path.members()) {
    if (IsOperation(member.name) && !IsForDebugging(member.value)) return true;
  }
  return false;
}

void WritePath(Writer& w, json::Value path) {
  w.BeginObject();
  for (const json::Member member : path.members()) {
    if (IsOperation(member.name) && IsForDebugging(member.value)) continue;
    w.KeyOf(member.name).Raw(member.value.ToText());
  }
  w.EndObject();
}

Result<std::string> ReadWhole(const std::string& path) {
  std::FILE* file = std::fopen(path.c_str(), "rb");
  if (file == nullptr) {
    return Fail(Code::kNotFound, fmt::format("the OpenAPI document {} cannot be opened", path));
  }
  std::string text;
  char buffer[16 * 1024];
  std::size_t got = 0;
  while ((got = std::fread(buffer, 1, sizeof(buffer), file)) > 0) text.append(buffer, got);
  const bool failed = std::ferror(file) != 0;
  std::fclose(file);
  if (failed) {
    return Fail(Code::kInvalid, fmt::format("the OpenAPI document {} cannot be read", path));
  }
  return text;
}

}  // namespace

std::string_view BuiltInSpec() {
  return {insightd_aggregator_openapi_begin, insightd_aggregator_openapi_end};
}

std::string WithoutDebug(const std::string& document) {
  const Result<json::Document> parsed = json::Parse(document);
  if (!parsed || !parsed->root()["paths"].is_object()) return document;
  std::string text;
  Writer w(text);
  w.BeginObject();
  for (const json::Member member : parsed->root().members()) {
    w.KeyOf(member.name);
    if (member.name != "paths") {
      w.Raw(member.value.ToText());
      continue;
    }
    w.BeginObject();
    for (const json::Member path : member.value.members()) {
      if (!IsShown(path.value)) continue;
      w.KeyOf(path.name);
      path.value.is_object() ? WritePath(w, path.value) : void(w.Raw(path.value.ToText()));
    }
    w.EndObject();
  }
  w.EndObject();
  return text;
}

Spec::Spec(const AggregatorOptions& options)
    : file_(options.spec_file), prefix_(options.api_prefix), shows_debug_(options.debug) {}

std::string Spec::name() const {
  return file_.empty() ? "openapi.json" : std::filesystem::path(file_).filename().string();
}

Result<std::string> Spec::Load() const {
  if (!file_.empty()) return ReadWhole(file_);
  std::string text(BuiltInSpec());
  std::string server = "\"url\": ";
  AppendQuoted(server, prefix_.size() > 1 ? prefix_.substr(0, prefix_.size() - 1) : prefix_);
  return text.replace(text.find(kServer), kServer.size(), server);
}

Result<std::string_view> Spec::Text() const {
  const std::lock_guard lock(mutex_);
  if (!text_) {
    Result<std::string> text = Load();
    if (!text) return tl::unexpected(text.error());
    text_ = shows_debug_ ? *std::move(text) : WithoutDebug(*text);
  }
  return *text_;
}

}  // namespace insightd::api::aggregator
