import {
  CodeBlock,
  CodeBlockCode,
  Content,
  EmptyState,
  EmptyStateBody,
  PageSection,
} from '@patternfly/react-core';
import CubesIcon from '@patternfly/react-icons/dist/esm/icons/cubes-icon';
import { Link } from 'react-router';
import type { FleetCluster } from '../api/client';
import { useClusters } from '../api/queries';
import type { Column } from '../components/DataTable';
import { DataTable, by } from '../components/DataTable';
import { ClusterName } from '../components/Labels';
import { PageHead } from '../components/PageHead';
import { ErrorState, StaleAlert } from '../components/States';
import { RelativeTime } from '../components/Time';
import { useTableState } from '../components/tableState';
import { byNumbers, byText, byVersion, byNumber, parseVersion, timeValue } from '../lib/order';

type Risk = '1' | '2' | '3' | '4';

function Count({ count }: { count: number }) {
  return (
    <span className={count === 0 ? 'insightd-number insightd-none' : 'insightd-number'}>
      {count.toLocaleString('en')}
    </span>
  );
}

// A column of counts. Clusters with equal counts are told apart by the worse risks, then the
// milder ones: sorted by "Critical", the table is the fleet with the worst cluster first.
function riskColumn(risk: Risk, title: string): Column<FleetCluster> {
  const others = (['4', '3', '2', '1'] as const).filter((x) => x !== risk);
  const count = (x: FleetCluster, r: Risk) => x.hits_by_total_risk[r] ?? 0;
  return {
    id: title.toLowerCase(),
    title,
    first: 'desc',
    cell: (x) => <Count count={count(x, risk)} />,
    sort: by((x) => [count(x, risk), ...others.map((r) => count(x, r))], byNumbers),
  };
}

const COLUMNS: Column<FleetCluster>[] = [
  {
    id: 'name',
    title: 'Name',
    isName: true,
    width: 30,
    cell: (x) => (
      <Link to={`/clusters/${x.cluster_id}`}>
        <ClusterName name={x.cluster_name || x.cluster_id} />
      </Link>
    ),
    sort: by((x) => x.cluster_name || x.cluster_id, byText),
  },
  {
    id: 'version',
    title: 'Version',
    first: 'desc',
    cell: (x) => x.cluster_version || <span className="insightd-none">Not available</span>,
    sort: by((x) => parseVersion(x.cluster_version), byVersion),
  },
  {
    id: 'recommendations',
    title: 'Recommendations',
    first: 'desc',
    cell: (x) => <Count count={x.total_hit_count} />,
    sort: by((x) => x.total_hit_count, byNumber),
  },
  riskColumn('4', 'Critical'),
  riskColumn('3', 'Important'),
  riskColumn('2', 'Moderate'),
  riskColumn('1', 'Low'),
  {
    id: 'last_seen',
    title: 'Last seen',
    first: 'desc',
    cell: (x) => <RelativeTime time={x.last_checked_at} label="Last seen" />,
    sort: by((x) => timeValue(x.last_checked_at), byNumber),
  },
];

const COLUMN_IDS = COLUMNS.map((x) => x.id);

function Command({ children }: { children: string }) {
  return (
    <CodeBlock className="insightd-command">
      <CodeBlockCode>{children}</CodeBlockCode>
    </CodeBlock>
  );
}

function NoClusters() {
  const origin = window.location.origin;
  const upload = `curl -F "file=@archive.tar.gz;type=application/vnd.redhat.openshift.periodic+tar" ${origin}/api/ingress/v1/upload`;
  const operator = [
    'apiVersion: v1',
    'kind: ConfigMap',
    'metadata:',
    '  name: insights-config',
    '  namespace: openshift-insights',
    'data:',
    '  config.yaml: |',
    '    dataReporting:',
    `      uploadEndpoint: ${origin}/api/ingress/v1/upload`,
    `      downloadEndpoint: ${origin}/api/insights-results-aggregator/v2/cluster/%s/reports`,
  ].join('\n');
  return (
    <EmptyState icon={CubesIcon} titleText="No clusters yet" headingLevel="h2">
      <EmptyStateBody>
        <Content>
          <p>A cluster appears here within seconds of its first upload.</p>
          <p>To upload an archive that you have:</p>
        </Content>
        <Command>{upload}</Command>
        <Content>
          <p>To let a cluster upload by itself, every two hours, apply this to it:</p>
        </Content>
        <Command>{operator}</Command>
      </EmptyStateBody>
    </EmptyState>
  );
}

export function ClustersPage() {
  const clusters = useClusters();
  const state = useTableState({ column: 'critical', direction: 'desc' }, COLUMN_IDS);
  return (
    <>
      <PageHead title="Clusters" />
      <PageSection isFilled>
        {clusters.isError && !clusters.data ? (
          <ErrorState error={clusters.error} retry={() => void clusters.refetch()} />
        ) : (
          <>
            {clusters.isError && <StaleAlert error={clusters.error} />}
            <DataTable
              noun="cluster"
              label="Clusters"
              columns={COLUMNS}
              rows={clusters.data}
              rowKey={(x) => x.cluster_id}
              tie={(a, b) => byText(a.cluster_name, b.cluster_name)}
              state={state}
              filterBy={(x) => `${x.cluster_name} ${x.cluster_id}`}
              filterLabel="Filter by name"
              empty={<NoClusters />}
            />
          </>
        )}
      </PageSection>
    </>
  );
}
