import { beforeEach, describe, expect, it, vi } from 'vitest';

// The browser's preference, and the listener that the page has put on it.
let prefersDark = false;
let changed: () => void = () => undefined;

async function load() {
  vi.resetModules();
  vi.spyOn(window, 'matchMedia').mockImplementation(
    () =>
      ({
        get matches() {
          return prefersDark;
        },
        addEventListener: (_: string, listener: () => void) => (changed = listener),
      }) as unknown as MediaQueryList,
  );
  const module = await import('./theme');
  module.startTheme();
  return module;
}

const isDark = () => document.documentElement.classList.contains('pf-v6-theme-dark');

describe('the theme', () => {
  beforeEach(() => {
    window.localStorage.clear();
    prefersDark = false;
  });

  it('is what the browser prefers, also when that changes', async () => {
    await load();
    expect(isDark()).toBe(false);
    prefersDark = true;
    changed();
    expect(isDark()).toBe(true);
  });

  it('stays what the reader chose, over a reload', async () => {
    (await load()).chooseTheme('dark');
    expect(isDark()).toBe(true);
    expect((await load()).theme()).toBe('dark');
  });

  it('follows the browser again when the reader chooses what it prefers', async () => {
    const { chooseTheme } = await load();
    chooseTheme('dark');
    chooseTheme('light');
    prefersDark = true;
    changed();
    expect(isDark()).toBe(true);
  });

  it('ignores what is stored and means nothing', async () => {
    window.localStorage.setItem('insightd-theme', 'purple');
    expect((await load()).theme()).toBe('light');
  });
});
