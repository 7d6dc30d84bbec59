#include "store/postgres/own_schema.h"

#include <array>

namespace insightd::store::pg {
namespace {

// Texts have the collation of the database, as those of the aggregator's tables do: columns of two
// collations cannot be compared. Lists that a client sees in order need the bytes' order, hence
// insightd_report_order. What we add to the aggregator's own tables: migrations/additions.cc.
//
// Organisations are `integer` as in the aggregator's tables: see organization.h.
constexpr std::string_view kFirstUp = R"(
CREATE TABLE insightd_cluster(
  org_id integer NOT NULL,
  cluster varchar NOT NULL,
  request_id varchar NOT NULL,
  last_checked_at timestamp NOT NULL,
  reported_at timestamp NOT NULL,
  gathered_at timestamp,
  version varchar NOT NULL,
  archive varchar NOT NULL,
  hits integer NOT NULL,
  passes integer NOT NULL,
  skips integer NOT NULL,
  errors integer NOT NULL,
  PRIMARY KEY (cluster)
) WITH (fillfactor = 80);
COMMENT ON TABLE insightd_cluster IS
  'What there is to know of a cluster beside its report; archive is empty when there is none';

CREATE TABLE insightd_upload(
  id bigserial PRIMARY KEY,
  request_id varchar NOT NULL UNIQUE,
  org_id integer NOT NULL,
  cluster varchar NOT NULL,
  last_checked_at timestamp NOT NULL,
  outcome smallint NOT NULL,
  ended_at timestamp NOT NULL
);
COMMENT ON TABLE insightd_upload IS
  'How uploads ended: 0 stored, 1 overtaken, 2 empty; id below 0: old, but of a silent cluster';

CREATE TABLE insightd_released(
  id bigserial PRIMARY KEY,
  archive varchar NOT NULL,
  since timestamp NOT NULL
);
COMMENT ON TABLE insightd_released IS 'Archives that nobody needs any more';

CREATE TABLE insightd_dead_letter(
  id bigserial PRIMARY KEY,
  topic varchar NOT NULL,
  partition integer NOT NULL,
  topic_offset bigint NOT NULL,
  record_key bytea NOT NULL,
  headers bytea NOT NULL,
  produced_at timestamp NOT NULL,
  stage varchar NOT NULL,
  code varchar NOT NULL,
  reason varchar NOT NULL,
  tries integer NOT NULL,
  first_failed_at timestamp NOT NULL,
  last_failed_at timestamp NOT NULL,
  build varchar NOT NULL,
  request_id varchar NOT NULL,
  org_id bigint,
  cluster varchar NOT NULL,
  archive varchar NOT NULL,
  value bytea NOT NULL,
  UNIQUE (topic, partition, topic_offset)
);
COMMENT ON TABLE insightd_dead_letter IS 'Records that could not be worked on, as they came';
CREATE INDEX insightd_dead_letter_request ON insightd_dead_letter(request_id);
CREATE INDEX insightd_dead_letter_archive ON insightd_dead_letter(archive);
)";

constexpr std::string_view kFirstDown = R"(
DROP TABLE insightd_dead_letter;
DROP TABLE insightd_released;
DROP TABLE insightd_upload;
DROP TABLE insightd_cluster;
)";

// The record of a dropped letter is still in its topic, and may be read again.
constexpr std::string_view kSecondUp = R"(
CREATE TABLE insightd_dropped_letter(
  topic varchar NOT NULL,
  partition integer NOT NULL,
  topic_offset bigint NOT NULL,
  produced_at timestamp NOT NULL,
  PRIMARY KEY (topic, partition, topic_offset)
);
COMMENT ON TABLE insightd_dropped_letter IS 'Records whose dead letters were dropped, and stay so';
)";

constexpr std::string_view kSecondDown = R"(
DROP TABLE insightd_dropped_letter;
)";

// Which message on workloads is the newest of a cluster, also when it named no namespace.
constexpr std::string_view kThirdUp = R"(
CREATE TABLE insightd_workloads(
  cluster varchar PRIMARY KEY,
  org_id integer NOT NULL,
  request_id varchar NOT NULL,
  last_checked_at timestamp NOT NULL
);
COMMENT ON TABLE insightd_workloads IS 'The newest message on the workloads of each cluster';
)";

constexpr std::string_view kThirdDown = R"(
DROP TABLE insightd_workloads;
)";

// What became of recommendations, and what each result was. While a recommendation is there it has
// no row: its `impacted_since` says since when.
constexpr std::string_view kFourthUp = R"(
ALTER TABLE insightd_upload
  ADD COLUMN pack bigint,
  ADD COLUMN hits integer,
  ADD COLUMN passes integer,
  ADD COLUMN skips integer,
  ADD COLUMN errors integer,
  ADD COLUMN archive varchar,
  ADD COLUMN previous varchar;
COMMENT ON COLUMN insightd_upload.archive IS 'Empty: none; a dot: the request id';
COMMENT ON COLUMN insightd_upload.previous IS 'Request id of the stored result before it';
CREATE INDEX insightd_upload_aside ON insightd_upload(cluster, id) WHERE outcome <> 0;

CREATE TABLE insightd_pack(
  id bigint PRIMARY KEY,
  pack varchar NOT NULL
);
COMMENT ON TABLE insightd_pack IS 'The rule packs that insightd_upload names';

CREATE TABLE insightd_change(
  id bigserial PRIMARY KEY,
  org_id integer NOT NULL,
  cluster varchar NOT NULL,
  rule varchar NOT NULL,
  key varchar NOT NULL,
  kind smallint NOT NULL,
  at timestamp NOT NULL,
  request_id varchar NOT NULL,
  first_seen timestamp,
  last_seen timestamp
);
COMMENT ON TABLE insightd_change IS
  'Recommendations that came and went: 1 appeared, 2 gone, 3 again; first_seen and last_seen of 2';
CREATE INDEX insightd_change_cluster ON insightd_change(cluster, at);
CREATE INDEX insightd_change_org ON insightd_change(org_id, at, id);
CREATE INDEX insightd_change_rule ON insightd_change(org_id, rule, key, cluster) WHERE kind = 2;
)";

constexpr std::string_view kFourthDown = R"(
DROP TABLE insightd_change;
DROP TABLE insightd_pack;
DROP INDEX insightd_upload_aside;
ALTER TABLE insightd_upload
  DROP COLUMN pack,
  DROP COLUMN hits,
  DROP COLUMN passes,
  DROP COLUMN skips,
  DROP COLUMN errors,
  DROP COLUMN archive,
  DROP COLUMN previous;
)";

constexpr std::array<Step, 4> kSteps = {{
    {"create the tables of insightd", kFirstUp, kFirstDown},
    {"create insightd_dropped_letter", kSecondUp, kSecondDown},
    {"create insightd_workloads", kThirdUp, kThirdDown},
    {"create insightd_change, insightd_pack", kFourthUp, kFourthDown},
}};

}  // namespace

std::span<const Step> OwnSteps() { return kSteps; }

}  // namespace insightd::store::pg
