#include "store/postgres/migrations/additions.h"

#include <array>

namespace insightd::store::pg {
namespace {

// An index that CREATE INDEX CONCURRENTLY could not finish is there, but not valid.
constexpr std::array<Addition, 6> kAdditions = {{
    {Storage::kResults, "index report by organization and cluster",
     "SELECT coalesce((SELECT indisvalid FROM pg_index "
     "WHERE indexrelid = to_regclass('public.insightd_report_order')), false)",
     "CREATE INDEX CONCURRENTLY insightd_report_order ON public.report "
     "(org_id, cluster COLLATE \"C\")",
     "DROP INDEX IF EXISTS public.insightd_report_order"},
    {Storage::kResults, "index recommendation by rule",
     "SELECT coalesce((SELECT indisvalid FROM pg_index "
     "WHERE indexrelid = to_regclass('public.insightd_recommendation_rule')), false)",
     "CREATE INDEX CONCURRENTLY insightd_recommendation_rule ON public.recommendation "
     "(org_id, rule_fqdn, error_key, cluster_id)",
     "DROP INDEX IF EXISTS public.insightd_recommendation_rule"},
    {Storage::kResults, "index cluster_rule_toggle by organization",
     "SELECT coalesce((SELECT indisvalid FROM pg_index "
     "WHERE indexrelid = to_regclass('public.insightd_toggle_org')), false)",
     "CREATE INDEX CONCURRENTLY insightd_toggle_org ON public.cluster_rule_toggle (org_id)",
     "DROP INDEX IF EXISTS public.insightd_toggle_org"},
    {Storage::kResults, "index cluster_user_rule_disable_feedback by user",
     "SELECT coalesce((SELECT indisvalid FROM pg_index "
     "WHERE indexrelid = to_regclass('public.insightd_disable_feedback_user')), false)",
     "CREATE INDEX CONCURRENTLY insightd_disable_feedback_user "
     "ON public.cluster_user_rule_disable_feedback (user_id)",
     "DROP INDEX IF EXISTS public.insightd_disable_feedback_user"},
    {Storage::kWorkloads, "index dvo_report by cluster",
     "SELECT coalesce((SELECT indisvalid FROM pg_index "
     "WHERE indexrelid = to_regclass('dvo.insightd_workloads_cluster')), false)",
     "CREATE INDEX CONCURRENTLY insightd_workloads_cluster ON dvo.dvo_report (cluster_id)",
     "DROP INDEX IF EXISTS dvo.insightd_workloads_cluster"},
    // Twice as fast to store. Counts for what is stored from now on; a server that was built
    // without lz4, or is older than it, keeps what it has.
    {Storage::kResults, "compress reports with lz4",
     "SELECT coalesce((SELECT to_jsonb(a) ->> 'attcompression' = 'l' FROM pg_attribute a "
     "WHERE attrelid = to_regclass('public.report') AND attname = 'report'), true) "
     "OR NOT EXISTS (SELECT FROM pg_settings WHERE name = 'default_toast_compression' "
     "AND 'lz4' = ANY (enumvals))",
     "ALTER TABLE public.report ALTER COLUMN report SET COMPRESSION lz4",
     "DO $$ BEGIN ALTER TABLE public.report ALTER COLUMN report SET COMPRESSION default; "
     "EXCEPTION WHEN syntax_error OR undefined_table THEN NULL; END $$"},
}};

}  // namespace

std::span<const Addition> Additions() { return kAdditions; }

Result<std::vector<const Addition*>> MissingAdditions(Connection& connection,
                                                      const Storages& storages) {
  Pipeline pipeline(connection);
  for (const Addition& addition : kAdditions) pipeline.Add(addition.is_there);
  const auto answers = pipeline.Run();
  if (!answers) return Fail(answers.error());
  std::vector<const Addition*> missing;
  for (std::size_t i = 0; i < kAdditions.size(); ++i) {
    if (!storages.Has(kAdditions[i].storage)) continue;
    if (!(*answers)[i].BoolAt(0, 0)) missing.push_back(&kAdditions[i]);
  }
  return missing;
}

}  // namespace insightd::store::pg
