// Names of constraints and the order of columns are those that an aggregator's database has, also
// where they are odd: other programs name them.
#include <array>

#include "store/postgres/migrations/steps_by_storage.h"

namespace insightd::store::pg {
namespace {

constexpr std::string_view kCreateReport = R"(
  CREATE TABLE report (
    org_id          integer NOT NULL,
    cluster         varchar NOT NULL,
    report          varchar NOT NULL,
    reported_at     timestamp,
    last_checked_at timestamp,
    CONSTRAINT report_pkey PRIMARY KEY (org_id, cluster),
    CONSTRAINT report_cluster_key UNIQUE (cluster)
  );
)";

// Texts of rules, which were in the database up to version 10.
constexpr std::string_view kCreateContent = R"(
  CREATE TABLE rule (
    module     varchar NOT NULL,
    name       varchar NOT NULL,
    summary    varchar NOT NULL,
    reason     varchar NOT NULL,
    resolution varchar NOT NULL,
    more_info  varchar NOT NULL,
    CONSTRAINT rule_pkey PRIMARY KEY (module)
  );
  CREATE TABLE rule_error_key (
    error_key    varchar NOT NULL,
    rule_module  varchar NOT NULL,
    condition    varchar NOT NULL,
    description  varchar NOT NULL,
    impact       integer NOT NULL,
    likelihood   integer NOT NULL,
    publish_date timestamp NOT NULL,
    active       boolean NOT NULL,
    generic      varchar NOT NULL,
    CONSTRAINT rule_error_key_pkey PRIMARY KEY (error_key, rule_module),
    CONSTRAINT rule_error_key_rule_module_fkey FOREIGN KEY (rule_module) REFERENCES rule (module)
  );
)";

constexpr std::string_view kCreateUserFeedback = R"(
  CREATE TABLE cluster_rule_user_feedback (
    cluster_id varchar NOT NULL,
    rule_id    varchar NOT NULL,
    user_id    varchar NOT NULL,
    message    varchar NOT NULL,
    user_vote  smallint NOT NULL,
    added_at   timestamp NOT NULL,
    updated_at timestamp NOT NULL,
    CONSTRAINT cluster_rule_user_feedback_pkey PRIMARY KEY (cluster_id, rule_id, user_id)
  );
)";

// The aggregator made the table anew; what is left of that is the name of its key.
constexpr std::string_view kUserFeedbackKeys = R"(
  ALTER TABLE cluster_rule_user_feedback
    RENAME CONSTRAINT cluster_rule_user_feedback_pkey TO cluster_rule_user_feedback_pkey1;
  ALTER TABLE cluster_rule_user_feedback
    ADD CONSTRAINT cluster_rule_user_feedback_cluster_id_fkey
      FOREIGN KEY (cluster_id) REFERENCES report (cluster) ON DELETE CASCADE,
    ADD CONSTRAINT cluster_rule_user_feedback_rule_id_fkey
      FOREIGN KEY (rule_id) REFERENCES rule (module) ON DELETE CASCADE;
)";
constexpr std::string_view kUserFeedbackKeysDown = R"(
  ALTER TABLE cluster_rule_user_feedback
    DROP CONSTRAINT cluster_rule_user_feedback_cluster_id_fkey,
    DROP CONSTRAINT cluster_rule_user_feedback_rule_id_fkey;
  ALTER TABLE cluster_rule_user_feedback
    RENAME CONSTRAINT cluster_rule_user_feedback_pkey1 TO cluster_rule_user_feedback_pkey;
)";

constexpr std::string_view kCreateConsumerError = R"(
  CREATE TABLE consumer_error (
    topic        varchar NOT NULL,
    partition    integer NOT NULL,
    topic_offset integer NOT NULL,
    key          varchar,
    produced_at  timestamp NOT NULL,
    consumed_at  timestamp NOT NULL,
    message      varchar,
    error        varchar NOT NULL,
    CONSTRAINT consumer_error_pkey PRIMARY KEY (topic, partition, topic_offset)
  );
)";

// The table is made anew, for a database made by the aggregator has other names here.
constexpr std::string_view kContentCascades = R"(
  ALTER TABLE rule_error_key RENAME TO rule_error_key_before;
  CREATE TABLE rule_error_key (
    error_key    varchar NOT NULL,
    rule_module  varchar NOT NULL,
    condition    varchar NOT NULL,
    description  varchar NOT NULL,
    impact       integer NOT NULL,
    likelihood   integer NOT NULL,
    publish_date timestamp NOT NULL,
    active       boolean NOT NULL,
    generic      varchar NOT NULL,
    CONSTRAINT rule_error_key_pkey1 PRIMARY KEY (error_key, rule_module),
    CONSTRAINT rule_error_key_rule_module_fkey
      FOREIGN KEY (rule_module) REFERENCES rule (module) ON DELETE CASCADE
  );
  INSERT INTO rule_error_key SELECT * FROM rule_error_key_before;
  DROP TABLE rule_error_key_before;
)";
constexpr std::string_view kContentCascadesDown = R"(
  ALTER TABLE rule_error_key RENAME TO rule_error_key_before;
  CREATE TABLE rule_error_key (
    error_key    varchar NOT NULL,
    rule_module  varchar NOT NULL,
    condition    varchar NOT NULL,
    description  varchar NOT NULL,
    impact       integer NOT NULL,
    likelihood   integer NOT NULL,
    publish_date timestamp NOT NULL,
    active       boolean NOT NULL,
    generic      varchar NOT NULL,
    CONSTRAINT rule_error_key_pkey PRIMARY KEY (error_key, rule_module),
    CONSTRAINT rule_error_key_rule_module_fkey FOREIGN KEY (rule_module) REFERENCES rule (module)
  );
  INSERT INTO rule_error_key SELECT * FROM rule_error_key_before;
  DROP TABLE rule_error_key_before;
)";

// `disabled_check` was meant to be only a constraint, and is a column too.
constexpr std::string_view kCreateToggle = R"(
  CREATE TABLE cluster_rule_toggle (
    cluster_id     varchar NOT NULL,
    rule_id        varchar NOT NULL,
    user_id        varchar NOT NULL,
    disabled       smallint NOT NULL,
    disabled_at    timestamp,
    enabled_at     timestamp,
    updated_at     timestamp NOT NULL,
    disabled_check smallint,
    CONSTRAINT cluster_rule_toggle_disabled_check CHECK (disabled >= 0 AND disabled <= 1),
    CONSTRAINT cluster_rule_toggle_pkey PRIMARY KEY (cluster_id, rule_id, user_id)
  );
)";

constexpr std::string_view kDropContent = R"(
  ALTER TABLE cluster_rule_user_feedback DROP CONSTRAINT cluster_rule_user_feedback_rule_id_fkey;
  DROP TABLE rule_error_key;
  DROP TABLE rule;
)";
// The texts of the rules are gone; a rule that somebody voted on comes back without any, so that
// the vote stays.
constexpr std::string_view kDropContentDown = R"(
  CREATE TABLE rule (
    module     varchar NOT NULL,
    name       varchar NOT NULL,
    summary    varchar NOT NULL,
    reason     varchar NOT NULL,
    resolution varchar NOT NULL,
    more_info  varchar NOT NULL,
    CONSTRAINT rule_pkey PRIMARY KEY (module)
  );
  CREATE TABLE rule_error_key (
    error_key    varchar NOT NULL,
    rule_module  varchar NOT NULL,
    condition    varchar NOT NULL,
    description  varchar NOT NULL,
    impact       integer NOT NULL,
    likelihood   integer NOT NULL,
    publish_date timestamp NOT NULL,
    active       boolean NOT NULL,
    generic      varchar NOT NULL,
    tags         varchar NOT NULL DEFAULT '',
    CONSTRAINT rule_error_key_pkey1 PRIMARY KEY (error_key, rule_module),
    CONSTRAINT rule_error_key_rule_module_fkey
      FOREIGN KEY (rule_module) REFERENCES rule (module) ON DELETE CASCADE
  );
  INSERT INTO rule SELECT DISTINCT rule_id, '', '', '', '', '' FROM cluster_rule_user_feedback;
  ALTER TABLE cluster_rule_user_feedback
    ADD CONSTRAINT cluster_rule_user_feedback_rule_id_fkey
      FOREIGN KEY (rule_id) REFERENCES rule (module) ON DELETE CASCADE;
)";

constexpr std::string_view kCreateDisableFeedback = R"(
  CREATE TABLE cluster_user_rule_disable_feedback (
    cluster_id varchar NOT NULL,
    user_id    varchar NOT NULL,
    rule_id    varchar NOT NULL,
    message    varchar NOT NULL,
    added_at   timestamp NOT NULL,
    updated_at timestamp NOT NULL,
    CONSTRAINT cluster_user_rule_disable_feedback_pkey PRIMARY KEY (cluster_id, user_id, rule_id)
  );
)";

// Details that are a text are stored without quotes, others as they stand in the report, absent
// ones as null. Of two hits with one component and key the first counts. A report that cannot be
// read ends the step, for its hits would be lost in silence.
constexpr std::string_view kCreateRuleHit = R"(
  CREATE TABLE rule_hit (
    org_id        integer NOT NULL,
    cluster_id    varchar NOT NULL,
    rule_fqdn     varchar NOT NULL,
    error_key     varchar NOT NULL,
    template_data varchar NOT NULL,
    CONSTRAINT rule_hit_pkey PRIMARY KEY (cluster_id, org_id, rule_fqdn, error_key)
  );
  DO $$
  DECLARE
    stored record;
  BEGIN
    FOR stored IN SELECT org_id, cluster, report FROM report LOOP
      INSERT INTO rule_hit
      SELECT stored.org_id, stored.cluster, coalesce(hit ->> 'component', ''),
             coalesce(hit ->> 'key', ''),
             CASE json_typeof(hit -> 'details')
               WHEN 'string' THEN hit ->> 'details'
               ELSE coalesce(hit -> 'details', 'null')::varchar
             END
      FROM json_array_elements(CASE json_typeof(stored.report::json -> 'reports')
                                 WHEN 'null' THEN '[]'
                                 ELSE coalesce(stored.report::json -> 'reports', '[]')
                               END) AS hit
      ON CONFLICT DO NOTHING;
    END LOOP;
  EXCEPTION WHEN OTHERS THEN
    RAISE USING
      ERRCODE = SQLSTATE,
      MESSAGE = format('the stored report of cluster %s in organization %s cannot be read: %s; '
                       'repair or delete that row of report',
                       stored.cluster, stored.org_id, SQLERRM);
  END
  $$;
)";

constexpr std::string_view kToggleOfAllUsers = R"(
  ALTER TABLE cluster_rule_toggle
    DROP CONSTRAINT cluster_rule_toggle_pkey,
    ADD CONSTRAINT cluster_rule_toggle_pkey PRIMARY KEY (cluster_id, rule_id);
  ALTER TABLE cluster_rule_toggle ALTER COLUMN user_id DROP NOT NULL;
)";
// Rows of nobody were made by a later version.
constexpr std::string_view kToggleOfAllUsersDown = R"(
  UPDATE cluster_rule_toggle SET user_id = '' WHERE user_id IS NULL;
  ALTER TABLE cluster_rule_toggle
    DROP CONSTRAINT cluster_rule_toggle_pkey,
    ADD CONSTRAINT cluster_rule_toggle_pkey PRIMARY KEY (cluster_id, rule_id, user_id);
)";

// The rules that had one key at that time: what was said about such a rule was about that key.
// An underscore in a pattern stands for any letter, here as in the aggregator.
constexpr std::string_view kErrorKeys = R"(
  ALTER TABLE cluster_rule_toggle ADD COLUMN error_key varchar NOT NULL DEFAULT '';
  ALTER TABLE cluster_rule_toggle
    DROP CONSTRAINT cluster_rule_toggle_pkey,
    ADD CONSTRAINT cluster_rule_toggle_pkey PRIMARY KEY (cluster_id, rule_id, error_key);
  ALTER TABLE cluster_rule_user_feedback ADD COLUMN error_key varchar NOT NULL DEFAULT '';
  ALTER TABLE cluster_rule_user_feedback
    DROP CONSTRAINT cluster_rule_user_feedback_pkey1,
    ADD CONSTRAINT cluster_rule_user_feedback_pkey
      PRIMARY KEY (cluster_id, rule_id, user_id, error_key);
  ALTER TABLE cluster_user_rule_disable_feedback ADD COLUMN error_key varchar NOT NULL DEFAULT '';
  ALTER TABLE cluster_user_rule_disable_feedback
    DROP CONSTRAINT cluster_user_rule_disable_feedback_pkey,
    ADD CONSTRAINT cluster_user_rule_disable_feedback_pkey
      PRIMARY KEY (cluster_id, user_id, rule_id, error_key);

  DO $$
  DECLARE
    single record;
  BEGIN
    FOR single IN
      SELECT 'ccx_rules_ocp.external.' || rule || '%' AS pattern, key FROM (VALUES
        ('bug_rules.bug_1765280', 'BUGZILLA_BUG_1765280'),
        ('bug_rules.bug_1766907', 'BUGZILLA_BUG_1766907'),
        ('bug_rules.bug_1798049', 'BUGZILLA_BUG_1798049'),
        ('bug_rules.bug_1821905', 'BUGZILLA_BUG_1821905'),
        ('bug_rules.bug_1832986', 'BUGZILLA_BUG_1832986'),
        ('bug_rules.bug_1893386', 'BUGZILLA_BUG_1893386'),
        ('rules.ccxdev_auxiliary_rule', 'CCXDEV_E2E_TEST_RULE'),
        ('rules.check_sap_sdi_observer_pods', 'SAP_SDI_OBSERVER_POD_ERROR'),
        ('rules.check_sdi_preload_kernel_modules', 'SDI_PRELOAD_KERNEL_MODULES_ERROR'),
        ('rules.cluster_wide_proxy_auth_check', 'AUTH_OPERATOR_PROXY_ERROR'),
        ('rules.cmo_container_run_as_non_root', 'CMO_CONTAINER_RUN_AS_NON_ROOT'),
        ('rules.container_max_root_partition_size', 'CONTAINER_ROOT_PARTITION_SIZE'),
        ('rules.control_plane_replicas', 'CONTROL_PLANE_NODE_REPLICAS'),
        ('rules.empty_prometheus_db_volume', 'PROMETHEUS_DB_VOLUME_IS_EMPTY'),
        ('rules.image_registry_multiple_storage_types', 'IMAGE_REGISTRY_MULTIPLE_STORAGE_TYPES'),
        ('rules.lib_bucket_provisioner_check', 'LIB_BUCKET_PROVISIONER_INSTALL_PLANS_ISSUE'),
        ('rules.machineconfig_stuck_by_node_taints', 'NODE_HAS_TAINTS_APPLIED'),
        ('rules.master_defined_as_machinesets', 'MASTER_DEFINED_AS_MACHINESETS'),
        ('rules.node_installer_degraded', 'NODE_INSTALLER_DEGRADED'),
        ('rules.nodes_container_runtime_version_check', 'NODES_CONTAINER_RUNTIME_VERSION'),
        ('rules.nodes_kubelet_version_check', 'NODE_KUBELET_VERSION'),
        ('rules.nodes_requirements_check', 'NODES_MINIMUM_REQUIREMENTS_NOT_MET'),
        ('rules.openshift_sdn_egress_ip_in_no_hostsubnet',
         'OPENSHIFT_SDN_EGRESS_IP_IN_NO_HOSTSUBNET'),
        ('rules.operator_unmanaged', 'OPERATOR_UNMANAGED'),
        ('rules.prometheus_backed_by_pvc', 'PROMETHEUS_BACKED_BY_PVC'),
        ('rules.prometheus_rule_evaluation_fail', 'PROMETHEUS_RULE_EVALUATION_FAIL'),
        ('rules.same_egress_ip_in_multiple_netnamespaces',
         'SAME_EGRESS_IP_IN_MULTIPLE_NETNAMESPACES'),
        ('rules.samples_op_failed_image_import_check', 'SAMPLES_FAILED_IMAGE_IMPORT_ERR'),
        ('rules.sap_data_intelligence_permissions', 'SAP_DATA_INTELLIGENCE_PERMISSIONS'),
        ('rules.subnets_migration_failure_massive_egressip',
         'SUBNETS_MIGRATION_FAILURE_MASSIVE_EGRESSIP'),
        ('rules.tls_handshake_fails_in_azure', 'TLS_HANDSHAKE_FAILS_IN_AZURE'),
        ('rules.unsupported_cni_plugin', 'UNSUPPORTED_CNI_PLUGIN'),
        ('rules.vsphere_upi_machine_is_in_phase', 'VSPHERE_UPI_MACHINE_WITH_NO_RUNNING_PHASE'),
        ('security.CVE_2020_8555_kubernetes', 'CVE_2020_8555_KUBERNETES'),
        ('security.CVE_2021_30465_runc', 'CVE_2021_30465_RUNC_VULN')
      ) AS known (rule, key)
    LOOP
      UPDATE cluster_rule_toggle SET error_key = single.key
        WHERE rule_id LIKE single.pattern;
      UPDATE cluster_rule_user_feedback SET error_key = single.key
        WHERE rule_id LIKE single.pattern;
      UPDATE cluster_user_rule_disable_feedback SET error_key = single.key
        WHERE rule_id LIKE single.pattern;
    END LOOP;
  END
  $$;
)";
constexpr std::string_view kErrorKeysDown = R"(
  ALTER TABLE cluster_rule_toggle
    DROP CONSTRAINT cluster_rule_toggle_pkey,
    ADD CONSTRAINT cluster_rule_toggle_pkey PRIMARY KEY (cluster_id, rule_id);
  ALTER TABLE cluster_rule_toggle DROP COLUMN error_key;
  ALTER TABLE cluster_rule_user_feedback
    DROP CONSTRAINT cluster_rule_user_feedback_pkey,
    ADD CONSTRAINT cluster_rule_user_feedback_pkey1 PRIMARY KEY (cluster_id, rule_id, user_id);
  ALTER TABLE cluster_rule_user_feedback DROP COLUMN error_key;
  ALTER TABLE cluster_user_rule_disable_feedback
    DROP CONSTRAINT cluster_user_rule_disable_feedback_pkey,
    ADD CONSTRAINT cluster_user_rule_disable_feedback_pkey
      PRIMARY KEY (cluster_id, user_id, rule_id);
  ALTER TABLE cluster_user_rule_disable_feedback DROP COLUMN error_key;
)";

constexpr std::string_view kCreateRecommendation = R"(
  CREATE TABLE recommendation (
    org_id     integer NOT NULL,
    cluster_id varchar NOT NULL,
    rule_fqdn  text NOT NULL,
    error_key  varchar NOT NULL
  );
  INSERT INTO recommendation
  SELECT org_id, cluster_id,
         CASE WHEN rule_fqdn LIKE '%report' THEN left(rule_fqdn, -length('report')) || error_key
              ELSE rule_fqdn END,
         error_key
  FROM rule_hit;
  ALTER TABLE recommendation
    ADD CONSTRAINT recommendation_pk PRIMARY KEY (org_id, cluster_id, rule_fqdn, error_key);
)";

constexpr std::string_view kCreateRuleDisable = R"(
  CREATE TABLE rule_disable (
    org_id        varchar NOT NULL,
    user_id       varchar NOT NULL,
    rule_id       varchar NOT NULL,
    error_key     varchar NOT NULL,
    justification varchar,
    created_at    timestamp NOT NULL,
    updated_at    timestamp,
    CONSTRAINT rule_disable_pkey PRIMARY KEY (user_id, org_id, rule_id, error_key)
  );
)";

constexpr std::string_view kCreateRatings = R"(
  CREATE TABLE advisor_ratings (
    user_id         varchar NOT NULL,
    org_id          varchar NOT NULL,
    rule_id         varchar NOT NULL,
    error_key       varchar NOT NULL,
    rated_at        timestamp,
    last_updated_at timestamp,
    rating          smallint,
    CONSTRAINT advisor_ratings_pkey PRIMARY KEY (user_id, org_id, rule_id, error_key)
  );
)";

// A name "rule|KEY" or "rule.KEY" becomes "rule": what stands behind the first bar, or where there
// is none behind the last dot, goes.
constexpr std::string_view kRepairRecommendation = R"(
  UPDATE recommendation
    SET rule_fqdn = CASE WHEN strpos(rule_fqdn, '|') > 0 THEN split_part(rule_fqdn, '|', 1)
                         ELSE regexp_replace(rule_fqdn, '[.][^.]*$', '') END;
  ALTER TABLE recommendation ADD COLUMN rule_id varchar NOT NULL DEFAULT '.';
  UPDATE recommendation SET rule_id = rule_fqdn || '|' || error_key;
  ALTER TABLE recommendation ADD COLUMN created_at timestamp DEFAULT (now() AT TIME ZONE 'utc');
)";
// The names get their keys back, or the next step up would cut them a second time.
constexpr std::string_view kRepairRecommendationDown = R"(
  ALTER TABLE recommendation DROP COLUMN created_at, DROP COLUMN rule_id;
  UPDATE recommendation SET rule_fqdn = rule_fqdn || '|' || error_key;
)";

constexpr std::string_view kRatingRuleId = R"(
  ALTER TABLE advisor_ratings RENAME COLUMN rule_id TO rule_fqdn;
  ALTER TABLE advisor_ratings ADD COLUMN rule_id varchar NOT NULL DEFAULT '.';
  UPDATE advisor_ratings SET rule_id = rule_fqdn || '|' || error_key;
)";
constexpr std::string_view kRatingRuleIdDown = R"(
  ALTER TABLE advisor_ratings DROP COLUMN rule_id;
  ALTER TABLE advisor_ratings RENAME COLUMN rule_fqdn TO rule_id;
)";

constexpr std::string_view kDropForeignToggles = R"(
  DELETE FROM cluster_rule_toggle WHERE rule_id NOT LIKE '%.report';
  DELETE FROM cluster_user_rule_disable_feedback WHERE rule_id NOT LIKE '%.report';
)";

constexpr std::string_view kCreateReportInfo = R"(
  CREATE TABLE report_info (
    org_id       integer NOT NULL,
    cluster_id   varchar NOT NULL,
    version_info varchar NOT NULL,
    CONSTRAINT report_info_pkey PRIMARY KEY (org_id, cluster_id),
    CONSTRAINT report_info_cluster_id_key UNIQUE (cluster_id)
  );
)";

constexpr std::string_view kOrganizations = R"(
  ALTER TABLE cluster_rule_toggle ADD COLUMN org_id varchar NOT NULL DEFAULT '0';
  ALTER TABLE cluster_rule_user_feedback ADD COLUMN org_id varchar NOT NULL DEFAULT '0';
  ALTER TABLE cluster_user_rule_disable_feedback ADD COLUMN org_id varchar NOT NULL DEFAULT '0';
  UPDATE cluster_rule_toggle AS said SET org_id = report.org_id
    FROM report WHERE report.cluster = said.cluster_id;
  UPDATE cluster_rule_user_feedback AS said SET org_id = report.org_id
    FROM report WHERE report.cluster = said.cluster_id;
  UPDATE cluster_user_rule_disable_feedback AS said SET org_id = report.org_id
    FROM report WHERE report.cluster = said.cluster_id;
)";
constexpr std::string_view kOrganizationsDown = R"(
  ALTER TABLE cluster_rule_toggle DROP COLUMN org_id;
  ALTER TABLE cluster_rule_user_feedback DROP COLUMN org_id;
  ALTER TABLE cluster_user_rule_disable_feedback DROP COLUMN org_id;
)";

constexpr std::string_view kDropNobodys = R"(
  DELETE FROM cluster_rule_toggle WHERE org_id = '0';
  DELETE FROM cluster_rule_user_feedback WHERE org_id = '0';
  DELETE FROM cluster_user_rule_disable_feedback WHERE org_id = '0';
)";

constexpr std::string_view kRuleDisableKey = R"(
  ALTER TABLE rule_disable
    DROP CONSTRAINT rule_disable_pkey,
    ADD CONSTRAINT rule_disable_pkey PRIMARY KEY (org_id, rule_id, error_key);
)";
constexpr std::string_view kRuleDisableKeyDown = R"(
  ALTER TABLE rule_disable
    DROP CONSTRAINT rule_disable_pkey,
    ADD CONSTRAINT rule_disable_pkey PRIMARY KEY (user_id, org_id, rule_id, error_key);
)";

// Who set it is not known any more.
constexpr std::string_view kToggleUserDown = R"(
  ALTER TABLE cluster_rule_toggle ADD COLUMN user_id varchar;
)";
constexpr std::string_view kRuleDisableUserDown = R"(
  ALTER TABLE rule_disable ADD COLUMN user_id varchar NOT NULL DEFAULT '-1';
  ALTER TABLE rule_disable ALTER COLUMN user_id DROP DEFAULT;
)";

constexpr std::string_view kRatingsOfOrganizations = R"(
  DELETE FROM advisor_ratings;
  ALTER TABLE advisor_ratings
    DROP CONSTRAINT advisor_ratings_pkey,
    ADD CONSTRAINT advisor_ratings_pkey PRIMARY KEY (org_id, rule_fqdn, error_key);
  ALTER TABLE advisor_ratings DROP COLUMN user_id;
)";
constexpr std::string_view kRatingsOfOrganizationsDown = R"(
  ALTER TABLE advisor_ratings ADD COLUMN user_id varchar NOT NULL DEFAULT '-1';
  ALTER TABLE advisor_ratings ALTER COLUMN user_id DROP DEFAULT;
  ALTER TABLE advisor_ratings
    DROP CONSTRAINT advisor_ratings_pkey,
    ADD CONSTRAINT advisor_ratings_pkey PRIMARY KEY (user_id, org_id, rule_fqdn, error_key);
)";

constexpr std::array<Step, 32> kSteps = {{
    {"create report", kCreateReport, "DROP TABLE report"},
    {"create rule and rule_error_key", kCreateContent, "DROP TABLE rule_error_key, rule"},
    {"create cluster_rule_user_feedback", kCreateUserFeedback,
     "DROP TABLE cluster_rule_user_feedback"},
    {"votes refer to reports and rules", kUserFeedbackKeys, kUserFeedbackKeysDown},
    {"create consumer_error", kCreateConsumerError, "DROP TABLE consumer_error"},
    {"keys of a rule go with the rule", kContentCascades, kContentCascadesDown},
    {"create cluster_rule_toggle", kCreateToggle, "DROP TABLE cluster_rule_toggle"},
    {"add report.kafka_offset",
     "ALTER TABLE report ADD COLUMN kafka_offset bigint NOT NULL DEFAULT 0",
     "ALTER TABLE report DROP COLUMN kafka_offset"},
    {"index report.kafka_offset",
     "CREATE INDEX report_kafka_offset_btree_idx ON report (kafka_offset)",
     "DROP INDEX report_kafka_offset_btree_idx"},
    {"add rule_error_key.tags",
     "ALTER TABLE rule_error_key ADD COLUMN tags varchar NOT NULL DEFAULT ''",
     "ALTER TABLE rule_error_key DROP COLUMN tags"},
    {"drop rule and rule_error_key", kDropContent, kDropContentDown},
    {"create cluster_user_rule_disable_feedback", kCreateDisableFeedback,
     "DROP TABLE cluster_user_rule_disable_feedback"},
    {"create rule_hit and fill it from the reports", kCreateRuleHit, "DROP TABLE rule_hit"},
    {"one toggle for all users", kToggleOfAllUsers, kToggleOfAllUsersDown},
    {"add error_key to toggles and feedback, and fill it", kErrorKeys, kErrorKeysDown},
    {"create recommendation from rule_hit", kCreateRecommendation, "DROP TABLE recommendation"},
    {"create rule_disable", kCreateRuleDisable, "DROP TABLE rule_disable"},
    {"create advisor_ratings", kCreateRatings, "DROP TABLE advisor_ratings"},
    {"repair recommendation.rule_fqdn, add rule_id and created_at", kRepairRecommendation,
     kRepairRecommendationDown},
    {"rename advisor_ratings.rule_id to rule_fqdn, add and fill rule_id", kRatingRuleId,
     kRatingRuleIdDown},
    {"add report.gathered_at", "ALTER TABLE report ADD COLUMN gathered_at timestamp",
     "ALTER TABLE report DROP COLUMN gathered_at"},
    {"delete toggles and feedback of what is no rule", kDropForeignToggles, ""},
    {"create report_info", kCreateReportInfo, "DROP TABLE report_info"},
    {"add rule_hit.created_at", "ALTER TABLE rule_hit ADD COLUMN created_at timestamp",
     "ALTER TABLE rule_hit DROP COLUMN created_at"},
    {"add recommendation.impacted_since",
     "ALTER TABLE recommendation ADD COLUMN impacted_since timestamp",
     "ALTER TABLE recommendation DROP COLUMN impacted_since"},
    {"add org_id to toggles and feedback, and fill it", kOrganizations, kOrganizationsDown},
    {"delete toggles and feedback of unknown clusters", kDropNobodys, ""},
    {"rule_disable is of the organization", kRuleDisableKey, kRuleDisableKeyDown},
    {"drop cluster_rule_toggle.user_id", "ALTER TABLE cluster_rule_toggle DROP COLUMN user_id",
     kToggleUserDown},
    {"drop rule_disable.user_id", "ALTER TABLE rule_disable DROP COLUMN user_id",
     kRuleDisableUserDown},
    {"empty advisor_ratings, which is of the organization now", kRatingsOfOrganizations,
     kRatingsOfOrganizationsDown},
    {"delete toggles without error_key", "DELETE FROM cluster_rule_toggle WHERE error_key = ''",
     ""},
}};

}  // namespace

std::span<const Step> ResultsSteps() { return kSteps; }

}  // namespace insightd::store::pg
