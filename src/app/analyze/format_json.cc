#include "app/analyze/format.h"
#include "app/analyze/texts.h"
#include "base/json_writer.h"

namespace insightd::app {
namespace {

using json::JsonWriter;

void TextOrNull(JsonWriter& w, std::string_view text) {
  if (text.empty()) {
    w.Null();
  } else {
    w.String(text);
  }
}

void WriteOutcome(JsonWriter& w, const rules::Outcome& outcome, const content::Catalogue* texts) {
  w.BeginObject().Key("module").String(outcome.rule->module).Key("key").String(outcome.rule->key);
  w.Key("outcome").String(rules::OutcomeName(outcome.kind));
  if (outcome.kind == rules::OutcomeKind::kHit) {
    w.Key("details").Raw(outcome.details.empty() ? "{}" : outcome.details);
    w.Key("total_risk").Int(outcome.rule->total_risk());
    if (texts != nullptr) WriteTexts(w, *texts, outcome);
    if (outcome.evidence) w.Key("evidence").Raw(rules::EvidenceToJson(*outcome.evidence));
  }
  if (!outcome.reason.empty()) w.Key("reason").String(outcome.reason);
  if (!outcome.detail_errors.empty()) {
    w.Key("detail_errors").BeginArray();
    for (const std::string& error : outcome.detail_errors) w.String(error);
    w.EndArray();
  }
  w.EndObject();
}

}  // namespace

std::string FormatJson(std::string_view archive, const rules::Report& report,
                       const content::Catalogue* texts) {
  std::string out;
  JsonWriter w(out);
  w.BeginObject().Key("archive").String(archive);
  w.Key("cluster");
  TextOrNull(w, report.cluster_id);
  w.Key("version");
  TextOrNull(w, report.cluster_version);
  w.Key("now").String(report.NowText());
  w.Key("outcomes").BeginArray();
  for (const rules::Outcome& outcome : report.outcomes) WriteOutcome(w, outcome, texts);
  w.EndArray();
  w.Key("packs").BeginArray();
  for (const rules::PackInfo& pack : report.pack->packs) {
    w.BeginObject().Key("name").String(pack.name);
    w.Key("version").String(pack.version).EndObject();
  }
  w.EndArray();
  w.Key("unread_files").BeginArray();
  for (const rules::FileNote& note : report.files) {
    w.BeginObject().Key("path").String(note.path).Key("reason").String(note.reason).EndObject();
  }
  w.EndArray().EndObject();
  out += '\n';
  return out;
}

std::string FormatJsonError(std::string_view archive, const Error& error) {
  std::string out;
  JsonWriter w(out);
  w.BeginObject().Key("archive").String(archive).Key("error").BeginObject();
  w.Key("code").String(CodeName(error.code())).Key("message").String(error.message());
  w.EndObject().EndObject();
  out += '\n';
  return out;
}

}  // namespace insightd::app
