import {
  Button,
  Masthead,
  MastheadBrand,
  MastheadContent,
  MastheadMain,
  Nav,
  NavItem,
  NavList,
  Page,
  SkipToContent,
  Toolbar,
  ToolbarContent,
  ToolbarItem,
} from '@patternfly/react-core';
import MoonIcon from '@patternfly/react-icons/dist/esm/icons/moon-icon';
import SunIcon from '@patternfly/react-icons/dist/esm/icons/sun-icon';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { Link, Outlet, useLocation, useNavigationType } from 'react-router';
import { chooseTheme, onThemeChange, theme } from '../theme';

const MAIN = 'main';

const PAGES = [
  { to: '/clusters', title: 'Clusters' },
  { to: '/recommendations', title: 'Recommendations' },
];

function ThemeToggle() {
  const current = useSyncExternalStore(onThemeChange, theme);
  const other = current === 'dark' ? 'light' : 'dark';
  return (
    <Button
      variant="plain"
      aria-label={`Switch to the ${other} theme`}
      icon={current === 'dark' ? <SunIcon /> : <MoonIcon />}
      onClick={() => chooseTheme(other)}
    />
  );
}

function Navigation() {
  const { pathname } = useLocation();
  return (
    <Nav variant="horizontal" aria-label="Pages">
      <NavList>
        {PAGES.map(({ to, title }) => {
          const isActive = pathname === to || pathname.startsWith(`${to}/`);
          return (
            <NavItem key={to} isActive={isActive}>
              <Link to={to} aria-current={isActive ? 'page' : undefined}>
                {title}
              </Link>
            </NavItem>
          );
        })}
      </NavList>
    </Nav>
  );
}

// A new page is read from its top, by eye and by screen reader alike. The page that the browser
// loads, and the one that its address leads on to, begin there by themselves.
function useTopOnNewPage(): void {
  const { pathname } = useLocation();
  const isRedirect = useNavigationType() === 'REPLACE';
  const before = useRef(pathname);
  useEffect(() => {
    if (before.current === pathname) return;
    before.current = pathname;
    if (isRedirect) return;
    const main = document.getElementById(MAIN);
    main?.scrollTo?.(0, 0);
    main?.focus({ preventScroll: true });
  }, [pathname, isRedirect]);
}

export function Shell() {
  useTopOnNewPage();
  return (
    <Page
      mainContainerId={MAIN}
      skipToContent={<SkipToContent href={`#${MAIN}`}>Skip to content</SkipToContent>}
      masthead={
        <Masthead>
          <MastheadMain>
            <MastheadBrand>
              <Link className="insightd-brand" to="/clusters">
                insightd
              </Link>
            </MastheadBrand>
          </MastheadMain>
          <MastheadContent>
            <Toolbar isStatic>
              <ToolbarContent>
                <ToolbarItem>
                  <Navigation />
                </ToolbarItem>
                <ToolbarItem align={{ default: 'alignEnd' }}>
                  <ThemeToggle />
                </ToolbarItem>
              </ToolbarContent>
            </Toolbar>
          </MastheadContent>
        </Masthead>
      }
    >
      <Outlet />
    </Page>
  );
}
