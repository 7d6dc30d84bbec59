// How bad it is, how likely, and what it takes to change it.
import {
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
} from '@patternfly/react-core';
import type { ReactNode } from 'react';
import { ChangeLabel, Level, RiskLabel } from './Labels';

const CHANGE_TEXTS = [
  'The change can be made without any risk to what runs on the cluster.',
  'What runs may be moved or restarted. Workloads that cannot be moved may block the change or be down for a short time.',
  'The change touches how workloads are set up. Done wrong it may disturb the cluster, or make data unavailable or lost.',
  'Plan an outage of the whole cluster for the change.',
];

type Risks = { total_risk: number; likelihood: number; impact: number; resolution_risk: number };

function Row({ term, children }: { term: string; children: ReactNode }) {
  return (
    <DescriptionListGroup>
      <DescriptionListTerm>{term}</DescriptionListTerm>
      <DescriptionListDescription>{children}</DescriptionListDescription>
    </DescriptionListGroup>
  );
}

export function RiskBlock({ rule }: { rule: Risks }) {
  const text = CHANGE_TEXTS[rule.resolution_risk - 1];
  return (
    <DescriptionList isCompact>
      <Row term="Total risk">
        <RiskLabel risk={rule.total_risk} />
      </Row>
      <Row term="Likelihood">
        <Level level={rule.likelihood} />
      </Row>
      <Row term="Impact">
        <Level level={rule.impact} />
      </Row>
      {text && (
        <Row term="Risk of change">
          <ChangeLabel change={rule.resolution_risk} />
          <div>{text}</div>
        </Row>
      )}
    </DescriptionList>
  );
}
