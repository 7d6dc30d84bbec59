import {
  Breadcrumb,
  BreadcrumbItem,
  PageBreadcrumb,
  PageSection,
  Stack,
  Title,
} from '@patternfly/react-core';
import type { ReactNode } from 'react';
import { useEffect } from 'react';
import { Link } from 'react-router';

/** Sets the document's title while the page is shown. */
export function useDocumentTitle(page: string): void {
  useEffect(() => {
    document.title = `${page} - insightd`;
  }, [page]);
}

type Props = {
  title: string;
  parent?: { title: string; to: string };
  children?: ReactNode;
};

export function PageHead({ title, parent, children }: Props) {
  useDocumentTitle(title);
  return (
    <>
      {parent && (
        <PageBreadcrumb>
          <Breadcrumb>
            <BreadcrumbItem
              render={({ className }) => (
                <Link className={className} to={parent.to}>
                  {parent.title}
                </Link>
              )}
            />
            <BreadcrumbItem isActive>{title}</BreadcrumbItem>
          </Breadcrumb>
        </PageBreadcrumb>
      )}
      <PageSection>
        <Stack hasGutter>
          <Title headingLevel="h1" className="insightd-break">
            {title}
          </Title>
          {children}
        </Stack>
      </PageSection>
    </>
  );
}
