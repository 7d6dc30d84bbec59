// A file of rules: a list of mappings.
#include <fmt/core.h>

#include <algorithm>

#include "base/clock.h"
#include "rules/load/loading.h"

namespace insightd::rules {
namespace {

bool IsModule(std::string_view text) {
  std::size_t parts = 0;
  while (true) {
    const std::size_t dot = text.find('.');
    if (!IsIdentifier(text.substr(0, dot))) return false;
    ++parts;
    if (dot == text.npos) return parts > 1;
    text.remove_prefix(dot + 1);
  }
}

bool IsKey(std::string_view text) {
  const auto fits = [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  };
  return !text.empty() && text[0] >= 'A' && text[0] <= 'Z' &&
         std::all_of(text.begin(), text.end(), fits);
}

// "YYYY-MM-DD hh:mm:ss" or RFC 3339.
bool IsDate(std::string text) {
  if (text.size() == 19 && text[10] == ' ') {
    text[10] = 'T';
    text += 'Z';
  }
  return ParseTime(text).has_value();
}

class RuleLoader {
 public:
  RuleLoader(Loading& loading, const SourceText& source, const yaml::Node& node)
      : loading_(loading),
        pack_(loading.pack()),
        source_(source),
        node_(node),
        fields_(source, node, "a rule", loading.diagnostics()) {}

  void Load() {
    fields_.Allow({"module",          "key",     "kind",    "title",
                   "needs",           "params",  "let",     "when",
                   "details",         "tags",    "impact",  "likelihood",
                   "versions",        "absence", "status",  "publish_date",
                   "resolution_risk", "node_id", "content", "tests"});
    rule_.source = &source_;
    rule_.place = source_.PlaceOf(node_.offset);
    LoadIdentity();
    LoadNeeds();
    rule_.pack = loading_.index();
    rule_.environment = std::make_unique<cel::Environment>(loading_.info().scope.get());
    overrides_ = loading_.set().overrides.For(pack_, loading_.index(), rule_.module, rule_.key);
    for (const Override* one : overrides_) applied_.push_back({one->pack, {}, one->reason});
    LoadParams();
    LoadLets();
    if (const yaml::Node* when = fields_.Require("when")) {
      rule_.when = loading_.Compile(source_, *when, "when", *rule_.environment, cel::Type::Bool());
    }
    LoadDetails();
    LoadRisk();
    LoadMetadata();
    LoadTexts(fields_, rule_);
    LoadTests(loading_, fields_, rule_);
    if (rule_.title.empty()) {
      rule_.title = rule_.texts ? rule_.texts->description : std::string();
    }
    if (rule_.title.empty()) rule_.title = rule_.key;
    if (loading_.set().apply_overrides) rule_.overrides = std::move(applied_);
    pack_.rules.push_back(std::move(rule_));
  }

 private:
  void LoadIdentity() {
    rule_.module = fields_.RequireText("module");
    rule_.key = fields_.RequireText("key");
    rule_.title = fields_.Text("title");
    rule_.component = fmt::format("{}.{}.report", loading_.info().component, rule_.module);
    if (!rule_.module.empty() && !IsModule(rule_.module)) {
      fields_.Report(fields_.Find("module")->offset,
                     fmt::format("module \"{}\" has to be names with dots between them, such as "
                                 "external.rules.my_rule",
                                 rule_.module));
    }
    if (!rule_.key.empty() && !IsKey(rule_.key)) {
      fields_.Report(
          fields_.Find("key")->offset,
          fmt::format("key \"{}\" has to be upper case letters, digits and _", rule_.key));
    }
    for (const Rule& other : pack_.rules) {
      if (other.module != rule_.module || other.key != rule_.key || rule_.key.empty()) continue;
      fields_.Report(fields_.Find("key")->offset,
                     fmt::format("{}|{} twice; first in {}:{}", rule_.module, rule_.key,
                                 other.source->name(), other.place.line));
      break;
    }
    const std::string kind = fields_.Text("kind");
    if (kind == "info") {
      rule_.kind = RuleKind::kInfo;
    } else if (!kind.empty() && kind != "rule") {
      fields_.Report(fields_.Find("kind")->offset,
                     fmt::format("kind \"{}\" has to be rule or info", kind));
    }
  }

  void LoadNeeds() {
    std::vector<std::string_view> known;
    for (const auto& [name, its] : loading_.scope()) {
      if (its.what == "input") known.push_back(name);
    }
    for (const yaml::Node* node : fields_.Texts("needs", true)) {
      Need need;
      std::string_view rest = node->text;
      while (true) {
        const std::size_t bar = rest.find('|');
        std::string_view name = rest.substr(0, bar);
        while (name.starts_with(' ')) name.remove_prefix(1);
        while (name.ends_with(' ')) name.remove_suffix(1);
        const auto found = loading_.scope().find(std::string(name));
        if (found != loading_.scope().end() && found->second.what == "input") {
          need.push_back(found->second.index);
        } else {
          fields_.Report(node->offset, fmt::format("needs: there is no input \"{}\"{}", name,
                                                   Suggestion(name, known)));
        }
        if (bar == rest.npos) break;
        rest.remove_prefix(bar + 1);
      }
      rule_.needs.push_back(std::move(need));
    }
  }

  void LoadParams() {
    const yaml::Node* params = fields_.Map("params");
    yaml::Node none;
    none.kind = yaml::Kind::kMap;
    const yaml::Node overridden =
        OverriddenParams(params == nullptr ? none : *params, rule_.module + "|" + rule_.key,
                         overrides_, applied_, loading_.diagnostics());
    if (params != nullptr && loading_.set().apply_overrides) params = &overridden;
    const std::optional<std::string> text =
        params == nullptr ? std::optional<std::string>("{}") : yaml::ToJson(*params);
    Result<json::Document> document =
        text ? json::Parse(*text) : Fail(Code::kInvalid, "a number that is not finite");
    if (!document) {
      fields_.Report(params->offset, fmt::format("params: {}", document.error().message()));
      return;
    }
    rule_.params = std::move(*document);
    if (params == nullptr) return;
    for (const yaml::Member& member : params->members) {
      if (!loading_.TakeName(source_, member.offset, member.name, "parameter", names_)) continue;
      const json::Value value = rule_.params.root()[member.name];
      rule_.environment->AddConstant(member.name, TypeOfConstant(value),
                                     cel::Value::FromJson(value));
    }
  }

  void LoadLets() {
    const yaml::Node* lets = fields_.Map("let");
    std::vector<std::string> names;
    if (lets != nullptr) {
      for (const yaml::Member& member : lets->members) names.push_back(member.name);
    }
    loading_.set_let_names(std::move(names));
    if (lets == nullptr) return;
    for (const yaml::Member& member : lets->members) {
      Named named;
      // Compiled before it is known: an entry sees those above it only.
      named.expression = loading_.Compile(source_, member.value, fmt::format("let {}", member.name),
                                          *rule_.environment);
      if (!loading_.TakeName(source_, member.offset, member.name, "let", names_)) continue;
      named.slot = rule_.environment->AddVariable(member.name, loading_.last_type());
      rule_.lets.push_back(std::move(named));
    }
  }

  void LoadDetails() {
    rule_.details.kind = DetailNode::Kind::kMap;
    const yaml::Node* details = fields_.Map("details");
    if (details != nullptr) rule_.details = LoadDetail(*details, "details");
  }

  DetailNode LoadDetail(const yaml::Node& node, const std::string& label) {
    DetailNode detail;
    switch (node.kind) {
      case yaml::Kind::kText:
        detail.kind = DetailNode::Kind::kExpression;
        detail.expression = loading_.Compile(source_, node, label, *rule_.environment);
        return detail;
      case yaml::Kind::kList:
        detail.kind = DetailNode::Kind::kList;
        for (const yaml::Node& item : node.items) {
          detail.children.push_back(
              LoadDetail(item, fmt::format("{}[{}]", label, detail.children.size())));
        }
        return detail;
      case yaml::Kind::kMap:
        detail.kind = DetailNode::Kind::kMap;
        for (const yaml::Member& member : node.members) {
          detail.names.push_back(member.name);
          detail.children.push_back(LoadDetail(
              member.value,
              fmt::format("{}{}{}", label, label == "details" ? " " : ".", member.name)));
        }
        return detail;
      default: break;
    }
    detail.kind = DetailNode::Kind::kLiteral;
    const std::optional<std::string> text = yaml::ToJson(node);
    if (!text) fields_.Report(node.offset, fmt::format("{} is a number that is not finite", label));
    detail.literal = text.value_or("null");
    return detail;
  }

  void LoadRisk() {
    if (rule_.kind == RuleKind::kRule) {
      fields_.Require("impact");
      fields_.Require("likelihood");
    }
    rule_.impact_name = fields_.Text("impact");
    if (!rule_.impact_name.empty()) {
      rule_.impact = Ranked(fields_, "impact", rule_.impact_name, loading_.info().impacts);
    }
    rule_.likelihood = static_cast<int>(fields_.Int("likelihood", 1, 4).value_or(0));
    rule_.resolution_risk_name = fields_.Text("resolution_risk");
    if (!rule_.resolution_risk_name.empty()) {
      rule_.resolution_risk = Ranked(fields_, "resolution_risk", rule_.resolution_risk_name,
                                     loading_.info().resolution_risks);
    }
    for (std::size_t i = 0; i < overrides_.size(); ++i) OverrideRisk(*overrides_[i], applied_[i]);
  }

  void OverrideRisk(const Override& one, AppliedOverride& applied) {
    if (!loading_.set().apply_overrides) return;
    if (one.enabled && *one.enabled != rule_.is_enabled) {
      rule_.is_enabled = *one.enabled;
      applied.changes.push_back(rule_.is_enabled ? "switched on again" : "switched off");
    }
    if (!one.impact_name.empty()) {
      applied.changes.push_back(
          fmt::format("impact {} (was {})", one.impact_name, rule_.impact_name));
      rule_.impact_name = one.impact_name;
      rule_.impact = one.impact;
    }
    if (one.likelihood) {
      applied.changes.push_back(
          fmt::format("likelihood {} (was {})", *one.likelihood, rule_.likelihood));
      rule_.likelihood = *one.likelihood;
    }
  }

  void LoadMetadata() {
    for (const yaml::Node* tag : fields_.Texts("tags", false)) rule_.tags.push_back(tag->text);
    rule_.absence = fields_.Bool("absence").value_or(false);
    const std::string range = fields_.Text("versions");
    if (!range.empty()) {
      Result<VersionRange> parsed = VersionRange::Parse(range);
      if (parsed) {
        rule_.versions = std::move(*parsed);
      } else {
        fields_.Report(fields_.Find("versions")->offset,
                       fmt::format("versions: {}", parsed.error().message()));
      }
    }
    rule_.status = fields_.Text("status");
    if (!rule_.status.empty() && rule_.status != "active" && rule_.status != "inactive") {
      fields_.Report(fields_.Find("status")->offset,
                     fmt::format("status \"{}\" has to be active or inactive", rule_.status));
    }
    rule_.publish_date = fields_.Text("publish_date");
    if (!rule_.publish_date.empty() && !IsDate(rule_.publish_date)) {
      fields_.Report(fields_.Find("publish_date")->offset,
                     fmt::format("publish_date \"{}\" has to have the form \"2026-09-01 00:00:00\" "
                                 "or that of RFC 3339",
                                 rule_.publish_date));
    }
    if (fields_.Find("node_id") != nullptr && fields_.Find("node_id")->kind != yaml::Kind::kNull) {
      rule_.node_id = fields_.Text("node_id");
    }
  }

  Loading& loading_;
  Pack& pack_;
  const SourceText& source_;
  const yaml::Node& node_;
  Fields fields_;
  Rule rule_;
  std::map<std::string, std::string> names_;  // of params and let
  std::vector<Override*> overrides_;
  std::vector<AppliedOverride> applied_;  // one for each of them
};

}  // namespace

void LoadRules(Loading& loading, const LoadedFile& file) {
  if (file.root.kind != yaml::Kind::kList) {
    loading.diagnostics().Add(*file.source, file.source->PlaceOf(file.root.offset),
                              "a file of rules has to be a list: `- module: …`");
    return;
  }
  for (const yaml::Node& node : file.root.items) {
    if (node.kind == yaml::Kind::kMap) {
      RuleLoader(loading, *file.source, node).Load();
    } else {
      loading.diagnostics().Add(*file.source, file.source->PlaceOf(node.offset),
                                "a rule has to be a mapping with module, key, when, …");
    }
  }
}

}  // namespace insightd::rules
