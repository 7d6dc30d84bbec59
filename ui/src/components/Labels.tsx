// Risks, levels and categories: the same words, colours and icons everywhere.
import { Label, LabelGroup, Tooltip } from '@patternfly/react-core';
import AngleDoubleDownIcon from '@patternfly/react-icons/dist/esm/icons/angle-double-down-icon';
import AngleDoubleUpIcon from '@patternfly/react-icons/dist/esm/icons/angle-double-up-icon';
import AutomationIcon from '@patternfly/react-icons/dist/esm/icons/automation-icon';
import CriticalRiskIcon from '@patternfly/react-icons/dist/esm/icons/critical-risk-icon';
import EqualsIcon from '@patternfly/react-icons/dist/esm/icons/equals-icon';
import LockIcon from '@patternfly/react-icons/dist/esm/icons/lock-icon';
import OptimizeIcon from '@patternfly/react-icons/dist/esm/icons/optimize-icon';
import PortIcon from '@patternfly/react-icons/dist/esm/icons/port-icon';
import SyncAltIcon from '@patternfly/react-icons/dist/esm/icons/sync-alt-icon';
import type { ComponentType } from 'react';
import { CHANGES, LEVELS, RISKS, categoriesOf, wordFor } from '../lib/words';

const COLORS = ['blue', 'yellow', 'orange', 'red'] as const;
const RISK_ICONS = [AngleDoubleDownIcon, EqualsIcon, AngleDoubleUpIcon, CriticalRiskIcon];

export function RiskLabel({ risk }: { risk: number }) {
  const word = wordFor(RISKS, risk);
  if (!word) return <span className="insightd-none">Undefined</span>;
  const Icon = RISK_ICONS[risk - 1]!;
  return (
    <Tooltip
      content={
        <>
          The total risk of this recommendation is <strong>{word.toLowerCase()}</strong>: its
          likelihood and its impact taken together.
        </>
      }
    >
      <span>
        <Label color={COLORS[risk - 1]} icon={<Icon />} isCompact>
          {word}
        </Label>
      </span>
    </Tooltip>
  );
}

export function ChangeLabel({ change }: { change: number }) {
  const word = wordFor(CHANGES, change);
  if (!word) return <span className="insightd-none">Not available</span>;
  return (
    <span>
      <Label color={COLORS[change - 1]} isCompact>
        {word}
      </Label>
    </span>
  );
}

/** Likelihood or impact as four marks and a word. */
export function Level({ level }: { level: number }) {
  const word = wordFor(LEVELS, level);
  if (!word) return <span className="insightd-none">Not available</span>;
  return (
    <>
      <span className="insightd-level" aria-hidden="true">
        {LEVELS.map((x, i) => (
          <i key={x} className={i < level ? 'insightd-on' : undefined} />
        ))}
      </span>
      {word}
    </>
  );
}

const CATEGORY_ICONS: Record<string, ComponentType> = {
  service_availability: AutomationIcon,
  performance: PortIcon,
  fault_tolerance: SyncAltIcon,
  security: LockIcon,
  best_practices: OptimizeIcon,
};

export function CategoryLabels({ tags, shown = 1 }: { tags: readonly string[]; shown?: number }) {
  const categories = categoriesOf(tags);
  if (categories.length === 0) return <span className="insightd-none">None</span>;
  return (
    <LabelGroup isCompact numLabels={shown} aria-label="Categories">
      {categories.map(({ id, title }) => {
        const Icon = CATEGORY_ICONS[id]!;
        return (
          <Label key={id} color="blue" variant="outline" icon={<Icon />} isCompact>
            {title}
          </Label>
        );
      })}
    </LabelGroup>
  );
}

const UUID_CHARS = 36;

/** A cluster's name: on one line where there is room, unless it is longer than an id. */
export function ClusterName({ name }: { name: string }) {
  return name.length <= UUID_CHARS ? <span className="insightd-line">{name}</span> : <>{name}</>;
}

/** Silenced for the organisation or for this cluster. */
export function DisabledLabel() {
  return (
    <Tooltip content="This recommendation is not shown for the cluster.">
      <Label color="grey" isCompact>
        Disabled
      </Label>
    </Tooltip>
  );
}
