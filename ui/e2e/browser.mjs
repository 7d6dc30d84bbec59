// A headless Chromium, pages that remember what went wrong in them, and axe.
import axe from 'axe-core';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const CANDIDATES = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
];

export function findBrowser() {
  return CANDIDATES.find((x) => x && existsSync(x)) ?? null;
}

export async function startBrowser(executablePath) {
  const folder = mkdtempSync(join(tmpdir(), 'insightd-chromium-'));
  const context = await chromium.launchPersistentContext(folder, {
    executablePath,
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
  context.setDefaultTimeout(30_000);
  return {
    context,
    stop: async () => {
      await context.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A page whose console errors, exceptions and foreign requests are kept in `faults`. */
export async function openPage(
  context,
  base,
  { width = 1280, scheme = 'light', expected = [] } = {},
) {
  const page = await context.newPage();
  const faults = [];
  const note = (text) => {
    if (!expected.some((x) => x.test(text))) faults.push(text);
  };
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) {
      note(`console ${message.type()}: ${message.text()} (${message.location().url})`);
    }
  });
  page.on('pageerror', (error) => note(`exception: ${error.message}`));
  page.on('dialog', async (dialog) => {
    note(`dialog: ${dialog.message()}`);
    await dialog.dismiss();
  });
  page.on('request', (request) => {
    if (!request.url().startsWith(base)) note(`request to elsewhere: ${request.url()}`);
  });
  await page.setViewportSize({ width, height: 900 });
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
  return { page, faults };
}

/** What axe finds, as lines. */
export async function audit(page) {
  // Evaluated by the debugger: the page's own policy would refuse an inline script.
  await page.evaluate(`${axe.source}; undefined`);
  const { violations } = await page.evaluate(() => window.axe.run());
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map((x) => `axe ${id}: ${help}: ${x.html.slice(0, 200)}`),
  );
}
