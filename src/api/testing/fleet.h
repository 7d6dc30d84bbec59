// A small store and rule pack for tests of the APIs: two clusters, a few rules, some silenced.
#pragma once

#include <memory>
#include <string>

#include "base/sqlite.h"
#include "base/testing/temp_folder.h"
#include "content/catalogue.h"
#include "store/embedded/embedded_store.h"

namespace insightd::api::testing {

inline const std::string kFirst = "34c3ecc5-624a-49a5-bab8-4fdc5e51a266";
inline const std::string kSecond = "74ae54aa-6577-4e80-85e7-697cb646ff37";
inline const std::string kUnknown = "00000000-0000-4000-8000-000000000000";

inline rules::Rule MakeRule(std::string module, std::string key, int impact, int likelihood) {
  rules::Rule rule;
  rule.module = std::move(module);
  rule.key = std::move(key);
  rule.title = "Title of " + rule.key;
  rule.impact = impact;
  rule.likelihood = likelihood;
  rule.tags = {"service_availability", "etcd"};
  return rule;
}

// Rules LOW (risk 1), HIGH (3, with texts), SUPPORT (2, internal), NEVER (1, hits nowhere), TOLD
// (an info).
inline std::shared_ptr<const content::Catalogue> MakeCatalogue(
    const std::string& more_info = "more") {
  rules::Pack pack;
  rules::PackInfo& info = pack.packs.emplace_back();
  info.name = "base";
  info.version = "1.0.0";
  info.component = "p";
  pack.rules.push_back(MakeRule("external.rules.low", "LOW", 1, 1));
  pack.rules.push_back(MakeRule("external.rules.high", "HIGH", 3, 4));
  rules::RuleTexts texts;
  texts.generic = "generic";
  texts.reason = "{{=pydata.x}} <b>";
  texts.resolution = "resolution";
  texts.more_info = more_info;
  pack.rules.back().texts = texts;
  pack.rules.back().publish_date = "2026-04-08 00:42:00";
  pack.rules.back().resolution_risk = 2;
  pack.rules.push_back(MakeRule("internal.support", "SUPPORT", 2, 2));
  pack.rules.push_back(MakeRule("external.rules.never", "NEVER", 1, 1));
  pack.rules.push_back(MakeRule("external.rules.told", "TOLD", 1, 1));
  pack.rules.back().kind = rules::RuleKind::kInfo;
  return content::Catalogue::FromPack(pack);
}

class Fleet {
 public:
  Fleet() {
    auto opened = store::OpenEmbeddedStore({.path = path_});
    INSIGHTD_ASSERT(opened);
    store_ = std::move(*opened);
    const Time checked = *ParseTime("2026-08-01T10:00:00.75Z");
    const store::ClusterResult results[] = {
        {.org_id = 1,
         .cluster = kFirst,
         .request_id = "r1",
         .last_checked = checked,
         .gathered = checked - seconds(100),
         .report =
             R"({"reports":[{"component":"p.external.rules.high.report","key":"HIGH",)"
             R"("details":{"type":"rule","error_key":"HIGH"}},)"
             R"({"component":"p.internal.support.report","key":"SUPPORT",)"
             R"("details":{"type":"rule","error_key":"SUPPORT"},)"
             R"("insightd_evidence":{"files":[{"path":"config/a.json","places":[]}]}}],"skips":[)"
             R"({"rule_fqdn":"p.external.rules.never.report","reason":"MISSING_REQUIREMENTS",)"
             R"("details":"All: ['nodes', 'pods'] Any: ['alerts', 'metrics'] Any: ['x']"},)"
             R"({"rule_fqdn":"p.external.rules.low.report","reason":"RULE_ERROR",)"
             R"("details":"no such key: quota"}]})",
         .hits = {{"p.external.rules.low.report", "LOW", R"({"type":"rule","error_key":"LOW"})"},
                  {"p.external.rules.high.report", "HIGH",
                   R"({"nodes":[{"name":"n1"}],"x":1.50,"type":"rule","error_key":"HIGH"})"},
                  {"p.internal.support.report", "SUPPORT",
                   R"({"type":"rule","error_key":"SUPPORT"})"},
                  {"p.external.rules.gone.report", "GONE", "{}"}},
         .version = "4.18.3",
         .archive = "r1",
         .counts = {.passes = 120, .skips = 1, .errors = 1}},
        {.org_id = 1,
         .cluster = kSecond,
         .request_id = "r2",
         .last_checked = checked,
         .gathered = std::nullopt,
         .report = R"({"reports":[],"skips":[]})",
         .hits = {{"p.external.rules.high.report", "HIGH",
                   R"({"type":"rule","error_key":"HIGH"})"}},
         .version = std::nullopt,
         .archive = "r2",
         .counts = {}}};
    INSIGHTD_ASSERT(store_->Put(results));
  }

  // HIGH is silenced for the organisation.
  void Acknowledge() {
    Execute(
        "INSERT INTO rule_disable(org_id, rule_id, error_key, justification, created_at) "
        "VALUES ('1', 'p.external.rules.high', 'HIGH', 'known', 1000000)");
  }
  // HIGH is silenced on the first cluster.
  void Toggle() {
    Execute(
        "INSERT INTO cluster_rule_toggle(cluster_id, rule_id, error_key, disabled, disabled_at, "
        "updated_at, org_id) VALUES ('" +
        kFirst + "', 'p.external.rules.high.report', 'HIGH', 1, 2000000, 2000000, '1')");
  }

  store::Store& store() { return *store_; }

 private:
  void Execute(const std::string& sql) {
    auto database = sqlite::Database::Open(path_, {});
    INSIGHTD_ASSERT(database && (*database)->Execute(sql));
  }

  insightd::testing::TempFolder folder_;
  const std::string path_ = folder_ / "store.db";
  std::unique_ptr<store::Store> store_;
};

}  // namespace insightd::api::testing
