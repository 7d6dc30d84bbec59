// What a page shows instead of, or above, its data.
import {
  Alert,
  Button,
  EmptyState,
  EmptyStateActions,
  EmptyStateBody,
  EmptyStateFooter,
} from '@patternfly/react-core';
import SearchIcon from '@patternfly/react-icons/dist/esm/icons/search-icon';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { ApiError } from '../api/client';

function advice(error: unknown): string {
  const status = error instanceof ApiError ? error.status : 0;
  if (status === 0)
    return 'Check that insightd runs and that this browser can reach it, then try again.';
  if (status === 401 || status === 403) {
    return 'The proxy in front of insightd has to hand on an identity that may read this organisation.';
  }
  return "Try again; if it stays so, insightd's log says more.";
}

export function ErrorState({ error, retry }: { error: unknown; retry: () => void }) {
  return (
    <EmptyState status="danger" titleText="Something went wrong" headingLevel="h2" variant="sm">
      <EmptyStateBody>
        {error instanceof Error ? error.message : String(error)} {advice(error)}
      </EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="primary" onClick={retry}>
            Try again
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

/** Above data that could not be brought up to date. */
export function StaleAlert({ error }: { error: unknown }) {
  return (
    <Alert
      variant="warning"
      isInline
      isPlain
      title={`Not up to date: ${error instanceof Error ? error.message : String(error)}`}
    />
  );
}

export function NotFoundState({ title, children }: { title: string; children: ReactNode }) {
  return (
    <EmptyState icon={SearchIcon} titleText={title} headingLevel="h1">
      <EmptyStateBody>{children}</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Link to="/clusters">All clusters</Link>
          <Link to="/recommendations">All recommendations</Link>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}

export function NoMatchState({ what, reset }: { what: string; reset: () => void }) {
  return (
    <EmptyState
      icon={SearchIcon}
      titleText={`No matching ${what} found`}
      headingLevel="h2"
      variant="sm"
    >
      <EmptyStateBody>To continue, edit your filter settings and search again.</EmptyStateBody>
      <EmptyStateFooter>
        <EmptyStateActions>
          <Button variant="link" onClick={reset}>
            Reset filters
          </Button>
        </EmptyStateActions>
      </EmptyStateFooter>
    </EmptyState>
  );
}
