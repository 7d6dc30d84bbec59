#include <array>

#include "store/postgres/migrations/steps_by_storage.h"

namespace insightd::store::pg {
namespace {

// The comments are those of the aggregator: they are part of the table's description.
constexpr std::string_view kCreateReport = R"(
  CREATE TABLE dvo.dvo_report (
    org_id          integer NOT NULL,
    cluster_id      varchar NOT NULL,
    namespace_id    varchar NOT NULL,
    namespace_name  varchar,
    report          text,
    recommendations integer NOT NULL,
    objects         integer NOT NULL,
    reported_at     timestamp,
    last_checked_at timestamp,
    CONSTRAINT dvo_report_pkey PRIMARY KEY (org_id, cluster_id, namespace_id)
  );
  COMMENT ON TABLE dvo.dvo_report IS
    'This table is used as a cache for DVO reports. Only the latest report for a given cluster is stored.';
  COMMENT ON COLUMN dvo.dvo_report.org_id IS 'organization ID';
  COMMENT ON COLUMN dvo.dvo_report.cluster_id IS 'cluster UUID';
  COMMENT ON COLUMN dvo.dvo_report.namespace_id IS 'namespace UUID (always set)';
  COMMENT ON COLUMN dvo.dvo_report.namespace_name IS 'namespace name (might be null - not set)';
  COMMENT ON COLUMN dvo.dvo_report.report IS 'report structure stored in JSON format';
  COMMENT ON COLUMN dvo.dvo_report.recommendations IS
    'number of recommendations stored in report';
  COMMENT ON COLUMN dvo.dvo_report.objects IS 'number of objects stored in report';
  COMMENT ON COLUMN dvo.dvo_report.reported_at IS 'timestamp, same meaning as in report table';
  COMMENT ON COLUMN dvo.dvo_report.last_checked_at IS 'timestamp, same meaning as in report table';
)";

constexpr std::string_view kIndexes = R"(
  CREATE INDEX report_org_id_idx ON dvo.dvo_report USING hash (org_id);
  CREATE INDEX report_org_id_cluster_id_idx ON dvo.dvo_report (org_id, cluster_id);
  COMMENT ON INDEX dvo.report_org_id_idx IS
    'for Workload page we need to be able to retrieve all records for given organization';
  COMMENT ON INDEX dvo.report_org_id_cluster_id_idx IS 'for Namespace view';
)";

constexpr std::string_view kHitCounts = R"(
  ALTER TABLE dvo.dvo_report ADD COLUMN rule_hits_count jsonb DEFAULT '{}';
  COMMENT ON COLUMN dvo.dvo_report.rule_hits_count IS
    'JSON containing rule IDs and the number of hits for each rule';
)";

constexpr std::array<Step, 4> kSteps = {{
    {"create dvo.dvo_report", kCreateReport, "DROP TABLE dvo.dvo_report"},
    {"index dvo.dvo_report", kIndexes,
     "DROP INDEX dvo.report_org_id_idx, dvo.report_org_id_cluster_id_idx"},
    {"delete reports up to 2024-03-09, which were wrong",
     "DELETE FROM dvo.dvo_report WHERE last_checked_at <= DATE '2024-03-09'", ""},
    {"add dvo.dvo_report.rule_hits_count", kHitCounts,
     "ALTER TABLE dvo.dvo_report DROP COLUMN rule_hits_count"},
}};

}  // namespace

std::span<const Step> WorkloadsSteps() { return kSteps; }

}  // namespace insightd::store::pg
