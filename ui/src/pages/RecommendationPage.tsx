import {
  Alert,
  EmptyState,
  EmptyStateBody,
  Flex,
  FlexItem,
  Grid,
  GridItem,
  PageSection,
  Skeleton,
  Title,
} from '@patternfly/react-core';
import { Link, useParams } from 'react-router';
import type { HitCluster, RuleContent } from '../api/client';
import { isNotFound, useRuleClusters, useRuleContent } from '../api/queries';
import type { Column } from '../components/DataTable';
import { DataTable, by } from '../components/DataTable';
import { CategoryLabels, ClusterName } from '../components/Labels';
import { PageHead } from '../components/PageHead';
import { RiskBlock } from '../components/RiskBlock';
import { Generic } from '../components/RuleText';
import { ErrorState, NotFoundState, StaleAlert } from '../components/States';
import { ExactDate, RelativeTime } from '../components/Time';
import { useTableState } from '../components/tableState';
import { byNumber, byText, byVersion, parseVersion, timeValue } from '../lib/order';
import { CATEGORIES, categoriesOf, plural } from '../lib/words';

const PARENT = { title: 'Recommendations', to: '/recommendations' };

function columnsFor(ruleId: string): Column<HitCluster>[] {
  return [
    {
      id: 'name',
      title: 'Name',
      isName: true,
      width: 40,
      cell: (x) => (
        <Link to={`/clusters/${x.cluster}?first=${encodeURIComponent(ruleId)}`}>
          <ClusterName name={x.cluster_name || x.cluster} />
        </Link>
      ),
      sort: by((x) => x.cluster_name || x.cluster, byText),
    },
    {
      id: 'version',
      title: 'Version',
      first: 'desc',
      cell: (x) => x.meta.cluster_version || <span className="insightd-none">Not available</span>,
      sort: by((x) => parseVersion(x.meta.cluster_version), byVersion),
    },
    {
      id: 'last_seen',
      title: 'Last seen',
      first: 'desc',
      cell: (x) => <RelativeTime time={x.last_checked_at} label="Last seen" />,
      sort: by((x) => timeValue(x.last_checked_at), byNumber),
    },
    {
      id: 'impacted',
      title: 'First impacted',
      first: 'desc',
      cell: (x) => <RelativeTime time={x.impacted} label="First impacted" />,
      has: (x) => Boolean(x.impacted),
      sort: by((x) => timeValue(x.impacted), byNumber),
    },
  ];
}

function AffectedClusters({ ruleId }: { ruleId: string }) {
  const clusters = useRuleClusters(ruleId);
  const columns = columnsFor(ruleId);
  const state = useTableState(
    { column: 'last_seen', direction: 'desc' },
    columns.map((x) => x.id),
  );
  if (clusters.isError && !clusters.data) {
    return <ErrorState error={clusters.error} retry={() => void clusters.refetch()} />;
  }
  const disabled = clusters.data?.disabled ?? [];
  return (
    <>
      {clusters.isError && <StaleAlert error={clusters.error} />}
      {disabled.length > 0 && (
        <Alert
          variant="info"
          isInline
          title={`The recommendation is disabled for ${plural(disabled.length, 'cluster')} and not shown there.`}
        />
      )}
      <DataTable
        noun="cluster"
        label="Affected clusters"
        columns={columns}
        rows={clusters.data?.enabled}
        rowKey={(x) => x.cluster}
        tie={(a, b) => byText(a.cluster_name, b.cluster_name)}
        state={state}
        filterBy={(x) => `${x.cluster_name} ${x.cluster}`}
        filterLabel="Filter by name"
        empty={
          <EmptyState status="success" titleText="No clusters" headingLevel="h3" variant="sm">
            <EmptyStateBody>This recommendation does not affect any cluster.</EmptyStateBody>
          </EmptyState>
        }
      />
    </>
  );
}

function About({ rule }: { rule: RuleContent }) {
  return (
    <Flex spaceItems={{ default: 'spaceItemsMd' }}>
      {rule.publish_date && (
        <FlexItem>
          Modified date: <ExactDate time={rule.publish_date} />
        </FlexItem>
      )}
      {categoriesOf(rule.tags).length > 0 && (
        <FlexItem>
          <CategoryLabels tags={rule.tags} shown={CATEGORIES.length} />
        </FlexItem>
      )}
      <FlexItem>
        <code className="insightd-none insightd-break">{rule.rule_id}</code>
      </FlexItem>
    </Flex>
  );
}

export function RecommendationPage() {
  const { recommendationId = '' } = useParams();
  const content = useRuleContent(recommendationId);
  const rule = content.data;

  if (isNotFound(content.error)) {
    return (
      <PageSection isFilled>
        <NotFoundState title="This is no recommendation">
          No loaded rule has the id <code className="insightd-break">{recommendationId}</code>. It
          may have been removed from its rule pack.
        </NotFoundState>
      </PageSection>
    );
  }
  return (
    <>
      <PageHead title={rule?.description || recommendationId} parent={PARENT}>
        {rule && <About rule={rule} />}
      </PageHead>
      <PageSection>
        {rule ? (
          <Grid hasGutter>
            <GridItem md={8}>
              <Generic text={rule.generic} />
            </GridItem>
            <GridItem md={4}>
              <RiskBlock rule={rule} />
            </GridItem>
          </Grid>
        ) : content.isError ? (
          <ErrorState error={content.error} retry={() => void content.refetch()} />
        ) : (
          <Skeleton height="6rem" screenreaderText="Loading the recommendation" />
        )}
      </PageSection>
      <PageSection isFilled>
        <Title headingLevel="h2" className="insightd-section">
          Affected clusters
        </Title>
        <AffectedClusters ruleId={recommendationId} />
      </PageSection>
    </>
  );
}
