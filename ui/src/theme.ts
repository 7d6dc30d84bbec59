// Light or dark: what the browser prefers, unless the reader chose otherwise here.

export type Theme = 'light' | 'dark';

const KEY = 'insightd-theme';
const DARK_CLASS = 'pf-v6-theme-dark';
const PREFERS_DARK = '(prefers-color-scheme: dark)';

const listeners = new Set<() => void>();

function preferred(): Theme {
  return window.matchMedia(PREFERS_DARK).matches ? 'dark' : 'light';
}

// Storage may be refused (private windows); then a choice lasts as long as the page.
let chosen: Theme | null = null;
try {
  const stored = window.localStorage.getItem(KEY);
  chosen = stored === 'light' || stored === 'dark' ? stored : null;
} catch {
  chosen = null;
}

export function theme(): Theme {
  return chosen ?? preferred();
}

function apply(): void {
  const root = document.documentElement;
  root.classList.toggle(DARK_CLASS, theme() === 'dark');
  root.style.colorScheme = theme();
  listeners.forEach((x) => x());
}

/** Chooses; choosing what the browser prefers anyway means to follow it again. */
export function chooseTheme(next: Theme): void {
  chosen = next === preferred() ? null : next;
  try {
    if (chosen) window.localStorage.setItem(KEY, chosen);
    else window.localStorage.removeItem(KEY);
  } catch {
    // As above.
  }
  apply();
}

export function onThemeChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** Called once, before anything is drawn. */
export function startTheme(): void {
  window.matchMedia(PREFERS_DARK).addEventListener('change', apply);
  apply();
}
