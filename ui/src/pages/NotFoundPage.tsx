import { PageSection } from '@patternfly/react-core';
import { useLocation } from 'react-router';
import { useDocumentTitle } from '../components/PageHead';
import { NotFoundState } from '../components/States';

export function NotFoundPage() {
  useDocumentTitle('Not found');
  const { pathname } = useLocation();
  return (
    <PageSection isFilled>
      <NotFoundState title="There is no such page">
        Nothing is at <code className="insightd-break">{pathname}</code>. These pages exist:
      </NotFoundState>
    </PageSection>
  );
}
