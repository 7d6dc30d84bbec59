#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "api/context.h"
#include "base/json.h"
#include "base/json_writer.h"
#include "results/result.h"

namespace insightd::api {
namespace {

// Takes the names out of "All: ['nodes'] Any: ['alerts', 'metrics']": each of the first list, and
// "alerts|metrics" for each further one.
std::vector<std::string> MissingInputs(std::string_view details) {
  std::vector<std::string> missing;
  bool first_list = true;
  for (std::size_t open = details.find('['); open != std::string_view::npos;
       open = details.find('[', open)) {
    const std::size_t close = details.find(']', open);
    if (close == std::string_view::npos) break;
    std::string_view list = details.substr(open + 1, close - open - 1);
    std::string alternatives;
    for (std::size_t quote = list.find('\''); quote != std::string_view::npos;
         quote = list.find('\'')) {
      list.remove_prefix(quote + 1);
      const std::size_t end = std::min(list.find('\''), list.size());
      const std::string_view name = list.substr(0, end);
      list.remove_prefix(std::min(end + 1, list.size()));
      if (first_list) {
        missing.emplace_back(name);
      } else {
        if (!alternatives.empty()) alternatives += '|';
        alternatives += name;
      }
    }
    if (!alternatives.empty()) missing.push_back(std::move(alternatives));
    first_list = false;
    open = close;
  }
  return missing;
}

// A skip names the module alone. Where that has several rules, they come in the order of the pack.
class RuleFinder {
 public:
  RuleFinder(const content::Catalogue& catalogue, json::Value report) {
    for (const json::Value hit : report["reports"].elements()) {
      hits_.insert(fmt::format("{}|{}", content::ModuleOf(hit["component"].StringOr("")),
                               hit["key"].StringOr("")));
    }
    for (const content::RuleContent& rule : catalogue.rules()) {
      if (hits_.count(rule.Selector()) == 0) rules_[rule.module].push_back(&rule);
    }
  }

  // Null for a module that the pack does not have.
  const content::RuleContent* Next(std::string_view module) {
    const auto found = rules_.find(module);
    if (found == rules_.end() || found->second.empty()) return nullptr;
    const content::RuleContent* rule = found->second.front();
    found->second.erase(found->second.begin());
    return rule;
  }

 private:
  std::set<std::string, std::less<>> hits_;
  std::map<std::string, std::vector<const content::RuleContent*>, std::less<>> rules_;
};

struct Untold {
  const content::RuleContent* rule;
  json::Value skip;
};

void WriteHead(json::JsonWriter& w, const content::RuleContent& rule) {
  w.BeginObject().Key("rule_id").String(rule.Selector());
  w.Key("description").String(rule.description);
}

}  // namespace

http::Response ClusterOutcomes(const PublicContext& context, const http::Request& request) {
  const Param<http::Caller> caller = context.Identify(request);
  if (!caller) return caller.error();
  const Param<std::string> cluster = ClusterParam(request);
  if (!cluster) return cluster.error();

  const std::string id = std::to_string(caller->org_id) + "/" + *cluster;
  const Result<store::ReportMeta> meta = context.parts.store.Meta(caller->org_id, *cluster);
  if (!meta) return StoreError(meta.error(), id);
  const Result<std::string> text = context.parts.store.ReportText(caller->org_id, *cluster);
  if (!text) return StoreError(text.error(), id);
  const Result<json::Document> document = json::Parse(*text);
  if (!document) {
    return StoreError(
        Error(Code::kInternal, "the stored report is not JSON: " + document.error().message()), id);
  }

  const json::Value report = document->root();
  const std::shared_ptr<const content::Catalogue> catalogue = context.parts.catalogue.Get();
  std::vector<Untold> skips;
  std::vector<Untold> errors;
  if (report["reports"].is_array() && report["skips"].is_array()) {
    RuleFinder finder(*catalogue, report);
    for (const json::Value skip : report["skips"].elements()) {
      const std::string_view module = content::ModuleOf(skip["rule_fqdn"].StringOr(""));
      const content::RuleContent* rule = finder.Next(module);
      // A rule that informs has no page to lead to, and judges nothing.
      if (rule == nullptr || rule->is_info || !context.Shows(*rule, caller->org_id)) continue;
      const bool failed = skip["reason"].StringOr("") == results::kReasonRuleError;
      (failed ? errors : skips).push_back({rule, skip});
    }
  }

  std::string body;
  json::JsonWriter w(body);
  w.BeginObject().Key("outcomes").BeginObject();
  w.Key("hits").Int(meta->hits).Key("passes").Int(std::max(meta->counts.passes, 0));
  w.Key("skips").BeginArray();
  for (const Untold& skip : skips) {
    WriteHead(w, *skip.rule);
    w.Key("missing").BeginArray();
    for (const std::string& input : MissingInputs(skip.skip["details"].StringOr(""))) {
      w.String(input);
    }
    w.EndArray().EndObject();
  }
  w.EndArray().Key("errors").BeginArray();
  for (const Untold& failed : errors) {
    WriteHead(w, *failed.rule);
    w.Key("message").String(failed.skip["details"].StringOr("")).EndObject();
  }
  w.EndArray().EndObject().Key("status").String("ok").EndObject();
  return OkResponse(std::move(body));
}

}  // namespace insightd::api
