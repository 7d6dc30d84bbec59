import {
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
  Grid,
  GridItem,
  PageSection,
} from '@patternfly/react-core';
import CubesIcon from '@patternfly/react-icons/dist/esm/icons/cubes-icon';
import { Link } from 'react-router';
import type { Recommendation } from '../api/client';
import { useClusters, useRecommendations } from '../api/queries';
import { CheckboxFilter } from '../components/CheckboxFilter';
import type { Column } from '../components/DataTable';
import { DataTable, by } from '../components/DataTable';
import { CategoryLabels, ChangeLabel, DisabledLabel, RiskLabel } from '../components/Labels';
import { PageHead } from '../components/PageHead';
import { RiskBlock } from '../components/RiskBlock';
import { Generic } from '../components/RuleText';
import { ErrorState, StaleAlert } from '../components/States';
import { RelativeTime } from '../components/Time';
import { useTableState } from '../components/tableState';
import { byNumber, byText, timeValue } from '../lib/order';
import { categoriesOf, plural } from '../lib/words';

function pathOf(rule: Recommendation): string {
  return `/recommendations/${encodeURIComponent(rule.rule_id)}`;
}

const COLUMNS: Column<Recommendation>[] = [
  {
    id: 'description',
    title: 'Name',
    width: 40,
    cell: (x) => (
      <>
        <Link to={pathOf(x)}>{x.description || x.rule_id}</Link> {x.disabled && <DisabledLabel />}
      </>
    ),
    sort: by((x) => x.description || x.rule_id, byText),
  },
  {
    id: 'publish_date',
    title: 'Modified',
    first: 'desc',
    cell: (x) => <RelativeTime time={x.publish_date} label="Modified" />,
    has: (x) => Boolean(x.publish_date),
    sort: by((x) => timeValue(x.publish_date), byNumber),
  },
  {
    id: 'category',
    title: 'Category',
    cell: (x) => <CategoryLabels tags={x.tags} />,
    sort: by((x) => categoriesOf(x.tags)[0]?.title, byText),
  },
  {
    id: 'total_risk',
    title: 'Total risk',
    first: 'desc',
    cell: (x) => <RiskLabel risk={x.total_risk} />,
    sort: by((x) => x.total_risk, byNumber),
  },
  {
    id: 'resolution_risk',
    title: 'Risk of change',
    first: 'desc',
    cell: (x) => <ChangeLabel change={x.resolution_risk} />,
    has: (x) => x.resolution_risk > 0,
    sort: by((x) => x.resolution_risk || null, byNumber),
  },
  {
    id: 'impacted_count',
    title: 'Clusters',
    first: 'desc',
    cell: (x) => (
      <span className="insightd-number">{x.impacted_clusters_count.toLocaleString('en')}</span>
    ),
    sort: by((x) => x.impacted_clusters_count, byNumber),
  },
];

const COLUMN_IDS = COLUMNS.map((x) => x.id);

const IMPACTING = [
  { value: 'true', title: '1 or more' },
  { value: 'false', title: 'None' },
];
const ALL = 'all';

// In the address: absent for the default, `all` for none chosen, else what is chosen.
function parseImpacting(text: string | null): string[] {
  if (text === null) return ['true'];
  return IMPACTING.map((x) => x.value).filter((x) => text.split(',').includes(x));
}

function formatImpacting(chosen: readonly string[]): string | null {
  const text = chosen.join(',');
  return text === 'true' ? null : text || ALL;
}

function Expanded({ rule }: { rule: Recommendation }) {
  const count = rule.impacted_clusters_count;
  return (
    <Grid hasGutter>
      <GridItem md={8}>
        <Generic text={rule.generic} />
        {count > 0 && (
          <Link to={pathOf(rule)}>
            {count === 1
              ? 'View the affected cluster'
              : `View ${count.toLocaleString('en')} affected clusters`}
          </Link>
        )}
      </GridItem>
      <GridItem md={4}>
        <RiskBlock rule={rule} />
      </GridItem>
    </Grid>
  );
}

/** Instead of the rows when no cluster is hit: there is nothing to change about the filters. */
function NoHits({ count }: { count: number }) {
  const clusters = useClusters();
  const isEmpty = clusters.data?.length === 0;
  return (
    <EmptyState
      icon={CubesIcon}
      titleText={isEmpty ? 'No cluster has uploaded yet' : 'No recommendation affects any cluster'}
      headingLevel="h2"
      variant="sm"
    >
      <EmptyStateBody>
        {isEmpty ? (
          <>
            Recommendations appear here as soon as they affect a cluster.{' '}
            <Link to="/clusters">How a cluster uploads</Link>
          </>
        ) : (
          'What could not be judged is on the page of each cluster.'
        )}
      </EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Link to={`/recommendations?impacting=${ALL}`}>
            {count === 1
              ? 'View the recommendation'
              : `View all ${plural(count, 'recommendation')}`}
          </Link>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

export function RecommendationsPage() {
  const recommendations = useRecommendations();
  const state = useTableState({ column: 'total_risk', direction: 'desc' }, COLUMN_IDS);
  const impacting = parseImpacting(state.params.get('impacting'));
  const rows = recommendations.data;
  const isShown = (x: Recommendation) =>
    impacting.length === 0 || impacting.includes(String(x.impacted_clusters_count > 0));
  const noHits =
    rows?.every((x) => x.impacted_clusters_count === 0) && formatImpacting(impacting) === null;
  return (
    <>
      <PageHead title="Recommendations" />
      <PageSection isFilled>
        {recommendations.isError && !rows ? (
          <ErrorState error={recommendations.error} retry={() => void recommendations.refetch()} />
        ) : (
          <>
            {recommendations.isError && <StaleAlert error={recommendations.error} />}
            <DataTable
              noun="recommendation"
              label="Recommendations"
              columns={COLUMNS}
              rows={rows}
              isShown={isShown}
              rowKey={(x) => x.rule_id}
              tie={(a, b) =>
                b.impacted_clusters_count - a.impacted_clusters_count ||
                byText(a.description, b.description)
              }
              state={state}
              filterBy={(x) => `${x.description} ${x.rule_id}`}
              filterLabel="Filter by name"
              filters={
                <CheckboxFilter
                  title="Clusters impacted"
                  options={IMPACTING}
                  chosen={impacting}
                  onChange={(chosen) =>
                    state.change({ impacting: formatImpacting(chosen), offset: null })
                  }
                />
              }
              resetFilters={{ impacting: null }}
              expanded={(x) => <Expanded rule={x} />}
              noMatch={noHits ? <NoHits count={rows!.length} /> : undefined}
              empty={
                <EmptyState icon={CubesIcon} titleText="No recommendations" headingLevel="h2">
                  <EmptyStateBody>
                    No rules are loaded. <code>insightd rules list</code> shows those that are.
                  </EmptyStateBody>
                </EmptyState>
              }
            />
          </>
        )}
      </PageSection>
    </>
  );
}
