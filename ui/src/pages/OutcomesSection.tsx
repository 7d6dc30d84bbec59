// What could not be judged: rules whose input the archive did not hold, and rules that failed.
import {
  Content,
  ExpandableSection,
  Label,
  LabelGroup,
  Skeleton,
  Title,
} from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useState } from 'react';
import { Link } from 'react-router';
import type { Outcomes } from '../api/client';
import type { useClusterOutcomes } from '../api/queries';
import { ErrorState } from '../components/States';
import { plural } from '../lib/words';

function Rule({ rule }: { rule: { rule_id: string; description: string } }) {
  return (
    <Link to={`/recommendations/${encodeURIComponent(rule.rule_id)}`}>
      {rule.description || rule.rule_id}
    </Link>
  );
}

function Section({ title, children }: { title: string; children: React.ReactNode }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <ExpandableSection
      toggleText={title}
      isExpanded={isOpen}
      onToggle={(_, value) => setIsOpen(value)}
    >
      {isOpen && children}
    </ExpandableSection>
  );
}

function Skips({ skips }: { skips: Outcomes['skips'] }) {
  return (
    <Section title={`${plural(skips.length, 'rule')} skipped`}>
      <Table aria-label="Skipped rules" variant="compact">
        <Thead>
          <Tr>
            <Th width={60}>Rule</Th>
            <Th>Missing in the archive</Th>
          </Tr>
        </Thead>
        <Tbody>
          {skips.map((x) => (
            <Tr key={x.rule_id}>
              <Td dataLabel="Rule">
                <Rule rule={x} />
              </Td>
              <Td dataLabel="Missing in the archive">
                {x.missing.length === 0 ? (
                  <span className="insightd-none">does not apply to this cluster</span>
                ) : (
                  <LabelGroup isCompact numLabels={5} aria-label="Missing inputs">
                    {x.missing.map((input) => (
                      <Label key={input} variant="outline" isCompact>
                        {input.split('|').join(' or ')}
                      </Label>
                    ))}
                  </LabelGroup>
                )}
              </Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </Section>
  );
}

function Failures({ errors }: { errors: Outcomes['errors'] }) {
  return (
    <Section title={`${plural(errors.length, 'rule')} failed`}>
      <Table aria-label="Rules that failed" variant="compact">
        <Thead>
          <Tr>
            <Th width={40}>Rule</Th>
            <Th>Error</Th>
          </Tr>
        </Thead>
        <Tbody>
          {errors.map((x) => (
            <Tr key={x.rule_id}>
              <Td dataLabel="Rule">
                <Rule rule={x} />
              </Td>
              <Td dataLabel="Error" modifier="breakWord">
                <code>{x.message}</code>
              </Td>
            </Tr>
          ))}
        </Tbody>
      </Table>
    </Section>
  );
}

function Summary({ outcomes }: { outcomes: Outcomes }) {
  const { hits, passes, skips, errors } = outcomes;
  const judged = hits + passes;
  const all = judged + skips.length + errors.length;
  if (all === 0) return <Content component="p">There was no rule to judge the cluster by.</Content>;
  if (judged === all)
    return <Content component="p">All {plural(all, 'rule')} could be judged.</Content>;
  if (judged === 0) {
    return (
      <Content component="p">
        None of {plural(all, 'rule')} could be judged. That is neither good nor bad news.
      </Content>
    );
  }
  return (
    <Content component="p">
      {judged.toLocaleString('en')} of {plural(all, 'rule')} could be judged. The others are neither
      good nor bad news.
    </Content>
  );
}

export function OutcomesSection({ query }: { query: ReturnType<typeof useClusterOutcomes> }) {
  const outcomes = query.data;
  return (
    <>
      <Title headingLevel="h2" className="insightd-section">
        What could not be judged
      </Title>
      {outcomes ? (
        <>
          <Summary outcomes={outcomes} />
          {outcomes.skips.length > 0 && <Skips skips={outcomes.skips} />}
          {outcomes.errors.length > 0 && <Failures errors={outcomes.errors} />}
        </>
      ) : query.isError ? (
        <ErrorState error={query.error} retry={() => void query.refetch()} />
      ) : (
        <Skeleton screenreaderText="Loading the outcomes" />
      )}
    </>
  );
}
