#include "store/postgres/testing/describe.h"

namespace insightd::store::pg {

// As the aggregator's own migrations make them, odd names and all.
const std::string_view kAggregatorTables = R"(advisor_ratings.org_id character varying not null
advisor_ratings.rule_fqdn character varying not null
advisor_ratings.error_key character varying not null
advisor_ratings.rated_at timestamp without time zone
advisor_ratings.last_updated_at timestamp without time zone
advisor_ratings.rating smallint
advisor_ratings.rule_id character varying not null default '.'::character varying
advisor_ratings advisor_ratings_pkey PRIMARY KEY (org_id, rule_fqdn, error_key)
cluster_rule_toggle.cluster_id character varying not null
cluster_rule_toggle.rule_id character varying not null
cluster_rule_toggle.disabled smallint not null
cluster_rule_toggle.disabled_at timestamp without time zone
cluster_rule_toggle.enabled_at timestamp without time zone
cluster_rule_toggle.updated_at timestamp without time zone not null
cluster_rule_toggle.disabled_check smallint
cluster_rule_toggle.error_key character varying not null default ''::character varying
cluster_rule_toggle.org_id character varying not null default '0'::character varying
cluster_rule_toggle cluster_rule_toggle_disabled_check CHECK (((disabled >= 0) AND (disabled <= 1)))
cluster_rule_toggle cluster_rule_toggle_pkey PRIMARY KEY (cluster_id, rule_id, error_key)
cluster_rule_user_feedback.cluster_id character varying not null
cluster_rule_user_feedback.rule_id character varying not null
cluster_rule_user_feedback.user_id character varying not null
cluster_rule_user_feedback.message character varying not null
cluster_rule_user_feedback.user_vote smallint not null
cluster_rule_user_feedback.added_at timestamp without time zone not null
cluster_rule_user_feedback.updated_at timestamp without time zone not null
cluster_rule_user_feedback.error_key character varying not null default ''::character varying
cluster_rule_user_feedback.org_id character varying not null default '0'::character varying
cluster_rule_user_feedback cluster_rule_user_feedback_cluster_id_fkey FOREIGN KEY (cluster_id) REFERENCES report(cluster) ON DELETE CASCADE
cluster_rule_user_feedback cluster_rule_user_feedback_pkey PRIMARY KEY (cluster_id, rule_id, user_id, error_key)
cluster_user_rule_disable_feedback.cluster_id character varying not null
cluster_user_rule_disable_feedback.user_id character varying not null
cluster_user_rule_disable_feedback.rule_id character varying not null
cluster_user_rule_disable_feedback.message character varying not null
cluster_user_rule_disable_feedback.added_at timestamp without time zone not null
cluster_user_rule_disable_feedback.updated_at timestamp without time zone not null
cluster_user_rule_disable_feedback.error_key character varying not null default ''::character varying
cluster_user_rule_disable_feedback.org_id character varying not null default '0'::character varying
cluster_user_rule_disable_feedback cluster_user_rule_disable_feedback_pkey PRIMARY KEY (cluster_id, user_id, rule_id, error_key)
consumer_error.topic character varying not null
consumer_error.partition integer not null
consumer_error.topic_offset integer not null
consumer_error.key character varying
consumer_error.produced_at timestamp without time zone not null
consumer_error.consumed_at timestamp without time zone not null
consumer_error.message character varying
consumer_error.error character varying not null
consumer_error consumer_error_pkey PRIMARY KEY (topic, partition, topic_offset)
dvo.dvo_report.org_id integer not null -- organization ID
dvo.dvo_report.cluster_id character varying not null -- cluster UUID
dvo.dvo_report.namespace_id character varying not null -- namespace UUID (always set)
dvo.dvo_report.namespace_name character varying -- namespace name (might be null - not set)
dvo.dvo_report.report text -- report structure stored in JSON format
dvo.dvo_report.recommendations integer not null -- number of recommendations stored in report
dvo.dvo_report.objects integer not null -- number of objects stored in report
dvo.dvo_report.reported_at timestamp without time zone -- timestamp, same meaning as in report table
dvo.dvo_report.last_checked_at timestamp without time zone -- timestamp, same meaning as in report table
dvo.dvo_report.rule_hits_count jsonb default '{}'::jsonb -- JSON containing rule IDs and the number of hits for each rule
dvo.dvo_report dvo_report_pkey PRIMARY KEY (org_id, cluster_id, namespace_id)
CREATE INDEX report_org_id_cluster_id_idx ON dvo.dvo_report USING btree (org_id, cluster_id) -- for Namespace view
CREATE INDEX report_org_id_idx ON dvo.dvo_report USING hash (org_id) -- for Workload page we need to be able to retrieve all records for given organization
dvo.dvo_report -- This table is used as a cache for DVO reports. Only the latest report for a given cluster is stored.
dvo.migration_info.version integer not null
migration_info.version integer not null
recommendation.org_id integer not null
recommendation.cluster_id character varying not null
recommendation.rule_fqdn text not null
recommendation.error_key character varying not null
recommendation.rule_id character varying not null default '.'::character varying
recommendation.created_at timestamp without time zone default (now() AT TIME ZONE 'utc'::text)
recommendation.impacted_since timestamp without time zone
recommendation recommendation_pk PRIMARY KEY (org_id, cluster_id, rule_fqdn, error_key)
report.org_id integer not null
report.cluster character varying not null
report.report character varying not null
report.reported_at timestamp without time zone
report.last_checked_at timestamp without time zone
report.kafka_offset bigint not null default 0
report.gathered_at timestamp without time zone
report report_cluster_key UNIQUE (cluster)
report report_pkey PRIMARY KEY (org_id, cluster)
CREATE INDEX report_kafka_offset_btree_idx ON public.report USING btree (kafka_offset)
report_info.org_id integer not null
report_info.cluster_id character varying not null
report_info.version_info character varying not null
report_info report_info_cluster_id_key UNIQUE (cluster_id)
report_info report_info_pkey PRIMARY KEY (org_id, cluster_id)
rule_disable.org_id character varying not null
rule_disable.rule_id character varying not null
rule_disable.error_key character varying not null
rule_disable.justification character varying
rule_disable.created_at timestamp without time zone not null
rule_disable.updated_at timestamp without time zone
rule_disable rule_disable_pkey PRIMARY KEY (org_id, rule_id, error_key)
rule_hit.org_id integer not null
rule_hit.cluster_id character varying not null
rule_hit.rule_fqdn character varying not null
rule_hit.error_key character varying not null
rule_hit.template_data character varying not null
rule_hit.created_at timestamp without time zone
rule_hit rule_hit_pkey PRIMARY KEY (cluster_id, org_id, rule_fqdn, error_key)
)";

}  // namespace insightd::store::pg
