#include "results/print_parts.h"

namespace insightd::results {
namespace {

// "2025-10-10T15:21:20.012345+00:00"
std::string PythonTime(Time time) {
  std::string text = FormatTime(time);
  text.pop_back();
  return text + "+00:00";
}

}  // namespace

void PrintTextOrNull(json::JsonWriter& w, std::string_view name, std::string_view text) {
  w.Key(name);
  if (text.empty()) {
    w.Null();
  } else {
    w.String(text);
  }
}

void PrintTexts(json::JsonWriter& w, std::string_view name, const std::vector<std::string>& texts) {
  w.Key(name).BeginArray();
  for (const std::string& text : texts) w.String(text);
  w.EndArray();
}

void PrintObject(json::JsonWriter& w, std::string_view name, std::string_view text,
                 json::Parser& parser) {
  w.Key(name);
  const insightd::Result<json::Document> document = parser.Parse(text);
  if (document && document->root().is_object()) {
    w.Json(document->root());
  } else {
    w.BeginObject().EndObject();
  }
}

void PrintSystem(json::JsonWriter& w) {
  w.Key("system").BeginObject().Key("metadata").BeginObject().EndObject();
  w.Key("hostname").Null().EndObject();
}

void PrintSkips(json::JsonWriter& w, const std::vector<Skip>& skips) {
  w.Key("skips").BeginArray();
  for (const Skip& skip : skips) {
    w.BeginObject().Key("rule_fqdn").String(skip.component).Key("reason").String(skip.reason);
    w.Key("details").String(skip.details).Key("type").String("skip").EndObject();
  }
  w.EndArray();
}

void PrintAnalysis(json::JsonWriter& w, const Report& report) {
  w.Key("analysis_metadata").BeginObject();
  w.Key("start").String(PythonTime(report.started));
  w.Key("finish").String(PythonTime(report.finished));
  w.Key("execution_context").String("ccx_ocp_core.context.InsightsOperatorContext");
  w.Key("plugin_sets").BeginObject();
  for (const PluginSet& set : report.plugin_sets) {
    w.Key(set.name).BeginObject().Key("version").String(set.version).Key("commit").Null();
    w.EndObject();
  }
  w.EndObject().EndObject();
}

}  // namespace insightd::results
