import {
  Card,
  CardBody,
  CardTitle,
  Content,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  EmptyState,
  EmptyStateBody,
  ExpandableSection,
  PageSection,
  Skeleton,
  Stack,
  StackItem,
  Title,
} from '@patternfly/react-core';
import HourglassHalfIcon from '@patternfly/react-icons/dist/esm/icons/hourglass-half-icon';
import { useState } from 'react';
import { useParams } from 'react-router';
import type { Outcomes, ReportItem } from '../api/client';
import { ApiError } from '../api/client';
import { isNotFound, useClusterInfo, useClusterOutcomes, useClusterReport } from '../api/queries';
import type { Column } from '../components/DataTable';
import { DataTable, by } from '../components/DataTable';
import { Evidence } from '../components/Evidence';
import { CategoryLabels, DisabledLabel, RiskLabel } from '../components/Labels';
import { PageHead } from '../components/PageHead';
import { Details, FilledText, Markdown } from '../components/RuleText';
import { ErrorState, NotFoundState, StaleAlert } from '../components/States';
import { ExactTime, RelativeTime } from '../components/Time';
import { useTableState } from '../components/tableState';
import { byNumber, byText, timeValue } from '../lib/order';
import { CATEGORIES, categoriesOf, compositeId, plural, reasonsOf } from '../lib/words';
import { OutcomesSection } from './OutcomesSection';

const PARENT = { title: 'Clusters', to: '/clusters' };

function idOf(item: ReportItem): string {
  return compositeId(item.rule_id, item.extra_data.error_key);
}

const COLUMNS: Column<ReportItem>[] = [
  {
    id: 'description',
    title: 'Description',
    width: 40,
    cell: (x) => (
      <>
        {x.description || idOf(x)} {x.disabled && <DisabledLabel />}
      </>
    ),
    sort: by((x) => x.description, byText),
  },
  {
    id: 'created_at',
    title: 'Modified',
    first: 'desc',
    cell: (x) => <RelativeTime time={x.created_at} label="Modified" />,
    has: (x) => Boolean(x.created_at),
    sort: by((x) => timeValue(x.created_at), byNumber),
  },
  {
    id: 'impacted',
    title: 'First impacted',
    first: 'desc',
    cell: (x) => <RelativeTime time={x.impacted} label="First impacted" />,
    has: (x) => Boolean(x.impacted),
    sort: by((x) => timeValue(x.impacted), byNumber),
  },
  {
    id: 'total_risk',
    title: 'Total risk',
    first: 'desc',
    cell: (x) => <RiskLabel risk={x.total_risk} />,
    sort: by((x) => x.total_risk, byNumber),
  },
];

const COLUMN_IDS = COLUMNS.map((x) => x.id);

function TextCard({ title, children }: { title: string; children: React.ReactNode }) {
  return (
    <StackItem>
      <Card isCompact isPlain>
        <CardTitle component="h3">{title}</CardTitle>
        <CardBody>{children}</CardBody>
      </Card>
    </StackItem>
  );
}

function Found({ item }: { item: ReportItem }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <ExpandableSection
      toggleText={isOpen ? 'Hide what the rule found' : 'Show what the rule found'}
      isExpanded={isOpen}
      onToggle={(_, value) => setIsOpen(value)}
    >
      {isOpen && <Details data={item.extra_data} />}
    </ExpandableSection>
  );
}

function Item({ item }: { item: ReportItem }) {
  const data = item.extra_data;
  const failures = item.rendering_errors ?? {};
  return (
    <Stack hasGutter>
      {categoriesOf(item.tags).length > 0 && (
        <StackItem>
          <CategoryLabels tags={item.tags} shown={CATEGORIES.length} />
        </StackItem>
      )}
      <TextCard title="Detected issues">
        {item.reason ? (
          <>
            <FilledText text={item.reason} failure={failures.reason} />
            <Found item={item} />
          </>
        ) : (
          <Details data={data} />
        )}
        <Evidence data={item.insightd_evidence} />
      </TextCard>
      {item.details && (
        <TextCard title="Why it matters">
          <Markdown text={item.details} />
        </TextCard>
      )}
      {item.resolution && (
        <TextCard title="Steps to resolve">
          <FilledText text={item.resolution} failure={failures.resolution} />
        </TextCard>
      )}
      {item.more_info && (
        <TextCard title="Additional info">
          <FilledText text={item.more_info} failure={failures.more_info} />
        </TextCard>
      )}
    </Stack>
  );
}

/** Instead of recommendations: good news only as far as rules could tell. */
function NoneFound({ outcomes }: { outcomes: Outcomes | undefined }) {
  if (!outcomes) {
    return (
      <EmptyState
        status="info"
        titleText="No recommendation is known to affect the cluster"
        headingLevel="h3"
        variant="sm"
      >
        <EmptyStateBody>How many rules could be judged is not known, see below.</EmptyStateBody>
      </EmptyState>
    );
  }
  const unjudged = outcomes.skips.length + outcomes.errors.length;
  if (outcomes.hits + outcomes.passes === 0) {
    return (
      <EmptyState
        status="warning"
        titleText="Nothing could be judged"
        headingLevel="h3"
        variant="sm"
      >
        <EmptyStateBody>
          Whether recommendations affect this cluster is not known.{' '}
          {unjudged === 0
            ? 'There was no rule to judge it by: insightd rules list shows those that are loaded.'
            : `Of ${plural(unjudged, 'rule')}, ${reasonsOf(outcomes).join('; ')}. Each is named below.`}
        </EmptyStateBody>
      </EmptyState>
    );
  }
  return (
    <EmptyState
      status="success"
      titleText="The cluster is not affected by any known recommendations"
      headingLevel="h3"
      variant="sm"
    >
      <EmptyStateBody>
        No known recommendations affect this cluster.
        {unjudged > 0 && ` ${plural(unjudged, 'rule')} could not be judged, see below.`}
      </EmptyStateBody>
    </EmptyState>
  );
}

type RecommendationsProps = {
  items: readonly ReportItem[] | undefined;
  outcomes: Outcomes | undefined;
};

function Recommendations({ items, outcomes }: RecommendationsProps) {
  const state = useTableState({ column: 'total_risk', direction: 'desc' }, COLUMN_IDS);
  const asked = state.params.get('first');
  // A link to one recommendation shows it first and open, until the reader sorts.
  const first = state.isSorted ? undefined : items?.find((x) => idOf(x) === asked);
  const columns = first
    ? COLUMNS.map((column) => ({
        ...column,
        sort: ((rows, direction, tie) => {
          const others = column.sort(
            rows.filter((x) => x !== first),
            direction,
            tie,
          );
          return rows.includes(first) ? [first, ...others] : others;
        }) as Column<ReportItem>['sort'],
      }))
    : COLUMNS;
  const tie = (a: ReportItem, b: ReportItem) =>
    b.total_risk - a.total_risk || byText(a.description, b.description);
  const opened = first ?? (items && [...items].sort(tie)[0]);
  return (
    <DataTable
      noun="recommendation"
      label="Recommendations for this cluster"
      columns={columns}
      rows={items}
      rowKey={idOf}
      tie={tie}
      state={state}
      filterBy={(x) => x.description}
      filterLabel="Filter by description"
      expanded={(x) => <Item item={x} />}
      openAtFirst={state.isSorted || state.text || !opened ? undefined : idOf(opened)}
      onePage
      empty={<NoneFound outcomes={outcomes} />}
    />
  );
}

function Fact({ term, children }: { term: string; children: React.ReactNode }) {
  return (
    <DescriptionListGroup>
      <DescriptionListTerm>{term}</DescriptionListTerm>
      <DescriptionListDescription>{children}</DescriptionListDescription>
    </DescriptionListGroup>
  );
}

function NoResults() {
  return (
    <EmptyState icon={HourglassHalfIcon} titleText="No results yet" headingLevel="h2">
      <EmptyStateBody>
        <Content>
          <p>
            insightd has no result for this cluster. If it has just uploaded its first archive, the
            result appears here within seconds; this page keeps looking.
          </p>
          <p>
            If it stays so, the cluster does not upload to this server, or its archive could not be
            read: then <code>insightd dead-letters list</code> names the reason.
          </p>
        </Content>
      </EmptyStateBody>
    </EmptyState>
  );
}

export function ClusterPage() {
  const { clusterId = '' } = useParams();
  const report = useClusterReport(clusterId);
  const info = useClusterInfo(clusterId);
  const outcomes = useClusterOutcomes(clusterId);
  const name = info.data?.display_name || report.data?.meta.cluster_name || clusterId;

  if (report.error instanceof ApiError && report.error.status === 400) {
    return (
      <PageSection isFilled>
        <NotFoundState title="This is no cluster">
          <code className="insightd-break">{clusterId}</code> is no cluster id: 32 hexadecimal
          digits, with or without dashes.
        </NotFoundState>
      </PageSection>
    );
  }

  const waiting = isNotFound(report.error);
  // That there are none is said once it is known of how many rules.
  const items = report.data?.data;
  const shownItems = items?.length === 0 && outcomes.isLoading ? undefined : items;
  return (
    <>
      <PageHead title={name} parent={PARENT}>
        {!waiting && (
          <DescriptionList isCompact isAutoFit autoFitMinModifier={{ default: '200px' }}>
            <Fact term="UUID">
              <span className="insightd-break">{clusterId}</span>
            </Fact>
            <Fact term="Version">
              {info.isLoading ? (
                <Skeleton screenreaderText="Loading the version" />
              ) : (
                info.data?.cluster_version || <span className="insightd-none">Not available</span>
              )}
            </Fact>
            <Fact term="Last seen">
              {report.isLoading ? (
                <Skeleton screenreaderText="Loading the time" />
              ) : (
                <ExactTime time={report.data?.meta.last_checked_at} />
              )}
            </Fact>
          </DescriptionList>
        )}
      </PageHead>
      {waiting ? (
        <PageSection isFilled>
          <NoResults />
        </PageSection>
      ) : (
        <>
          <PageSection>
            <Title headingLevel="h2" className="insightd-section">
              Recommendations
            </Title>
            {report.isError && !report.data ? (
              <ErrorState error={report.error} retry={() => void report.refetch()} />
            ) : (
              <>
                {report.isError && <StaleAlert error={report.error} />}
                <Recommendations items={shownItems} outcomes={outcomes.data} />
              </>
            )}
          </PageSection>
          <PageSection isFilled>
            <OutcomesSection query={outcomes} />
          </PageSection>
        </>
      )}
    </>
  );
}
