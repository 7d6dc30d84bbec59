// The page in a real browser against the real program.
//
//   node e2e/run.mjs --binary FILE     starts the program itself, on free ports and an empty folder
//   node e2e/run.mjs --url URL         uses one that runs; uploads to it
//   … --screenshots FOLDER             keeps a picture of each page
//
// Ends with 0 when all is well, 1 with findings, 2 for wrong usage, 77 without a browser.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { setTimeout as wait } from 'node:timers/promises';
import { CLUSTERS, HOSTILE_NAMES, upload } from './archive.mjs';
import { audit, findBrowser, openPage, startBrowser } from './browser.mjs';
import { startServer } from './server.mjs';

const READABLE_MS_MAX = 20_000;
const V2 = '/api/insights-results-aggregator/v2';
const FEATURE_SET = 'A feature set is on that prevents minor updates and support';

function usage(message) {
  console.error(
    `${message}\nusage: node e2e/run.mjs --binary FILE | --url URL [--screenshots FOLDER]`,
  );
  process.exit(2);
}

let options;
try {
  options = parseArgs({
    options: {
      binary: { type: 'string' },
      url: { type: 'string' },
      screenshots: { type: 'string' },
    },
  }).values;
} catch (error) {
  usage(error.message);
}
if (!options.binary === !options.url)
  usage('Name either a binary or the address of one that runs.');

const browserFile = findBrowser();
if (!browserFile) {
  console.log('skipped: no Chromium; install chromium, or set CHROMIUM to one');
  process.exit(77);
}
if (options.screenshots) mkdirSync(options.screenshots, { recursive: true });

let failures = 0;
async function check(name, run) {
  const begin = Date.now();
  try {
    await run();
    console.log(`ok    ${name} (${Date.now() - begin} ms)`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL  ${name}\n${String(error.stack ?? error).replace(/^/gm, '      ')}`);
  }
}

async function ask(base, path) {
  const response = await fetch(base + path);
  assert.equal(response.status, 200, `${path}: ${response.status}`);
  return response.json();
}

async function fleet(base) {
  return (await ask(base, `${V2}/clusters`)).data;
}

async function uploadAndAwait(base, clusters) {
  for (const cluster of clusters) await upload(base, cluster);
  for (const begin = Date.now(); Date.now() - begin < READABLE_MS_MAX; await wait(50)) {
    const known = (await fleet(base)).map((x) => x.cluster_id);
    if (clusters.every((x) => known.includes(x.id))) return;
  }
  throw new Error(`not readable ${READABLE_MS_MAX} ms after the upload`);
}

const server = options.binary
  ? await startServer(resolve(options.binary))
  : { base: options.url.replace(/\/$/, ''), stop: async () => {} };
const browser = await startBrowser(browserFile);
const { base } = server;

/** Opens a page, lets `run` use it, and fails for anything that went wrong in it meanwhile. */
async function visit(path, view, run) {
  const { page, faults } = await openPage(browser.context, base, view);
  try {
    await page.goto(base + path);
    await run(page);
    assert.deepEqual(faults, []);
  } finally {
    await page.close();
  }
}

const cells = (page, column) => page.locator(`tbody td[data-label="${column}"]`).allInnerTexts();

/** Opens each row, and in each what its rule found. */
async function openEverything(page) {
  for (const closed of [
    'tbody button[aria-expanded=false]',
    'button:has-text("Show what the rule found")',
  ]) {
    while (await page.locator(closed).count()) await page.locator(closed).first().click();
  }
}

// What is to be seen on each page once it has its data.
const pages = () => [
  [
    'clusters',
    '/clusters',
    (page) => page.getByRole('link', { name: CLUSTERS.worst.id }).waitFor(),
  ],
  [
    'cluster',
    `/clusters/${CLUSTERS.worst.id}`,
    async (page) => {
      await page.getByText('Detected issues').first().waitFor();
      await page.getByRole('button', { name: /rules skipped$/ }).click();
      await page.getByRole('grid', { name: 'Skipped rules' }).waitFor();
    },
  ],
  [
    'recommendations',
    '/recommendations',
    async (page) => {
      await page.getByRole('link', { name: FEATURE_SET }).waitFor();
      await page.getByRole('button', { name: 'Details' }).first().click();
      await page.getByText('Likelihood').first().waitFor();
    },
  ],
  [
    'recommendation',
    `/recommendations/${encodeURIComponent(featureSetId)}`,
    (page) => page.getByRole('link', { name: CLUSTERS.worst.id }).waitFor(),
  ],
  ['not-found', '/nowhere', (page) => page.getByText('There is no such page').waitFor()],
];
let featureSetId = '';

try {
  if (options.binary) {
    await check('an empty fleet explains how to upload', () =>
      visit('/', {}, async (page) => {
        await page.getByText('No clusters yet').waitFor();
        assert.equal(new URL(page.url()).pathname, '/clusters');
        await page.getByText(`${base}/api/ingress/v1/upload`).first().waitFor();
        assert.deepEqual(await audit(page), []);
      }),
    );
  }

  await check('uploaded archives become readable', async () => {
    await uploadAndAwait(base, [CLUSTERS.worst, CLUSTERS.mild, CLUSTERS.healthy, CLUSTERS.blank]);
    const { recommendations } = await ask(base, `${V2}/rule`);
    const rule = recommendations.find((x) => x.description === FEATURE_SET);
    assert.ok(rule, `${V2}/rule does not list "${FEATURE_SET}"`);
    assert.ok(rule.impacted_clusters_count > 0, `${rule.rule_id} hits no cluster`);
    featureSetId = rule.rule_id;
  });

  for (const scheme of ['light', 'dark']) {
    for (const [name, path, ready] of pages()) {
      await check(`${name}, ${scheme}: axe finds nothing, nothing is logged`, () =>
        visit(path, { scheme }, async (page) => {
          await ready(page);
          const isDark = await page.evaluate(() =>
            document.documentElement.classList.contains('pf-v6-theme-dark'),
          );
          assert.equal(isDark, scheme === 'dark');
          assert.match(await page.title(), / - insightd$/);
          if (options.screenshots)
            await page.screenshot({ path: join(options.screenshots, `${name}-${scheme}.png`) });
          assert.deepEqual(await audit(page), []);
        }),
      );
    }
  }

  for (const [name, path, ready] of pages()) {
    await check(`${name}, on a phone: nothing sticks out, axe finds nothing`, () =>
      visit(path, { width: 390 }, async (page) => {
        await ready(page);
        if (options.screenshots)
          await page.screenshot({ path: join(options.screenshots, `${name}-narrow.png`) });
        const wide = await page.evaluate(() =>
          [...document.querySelectorAll('body *')]
            .filter((x) => x.getBoundingClientRect().right > window.innerWidth + 1)
            .map((x) => x.outerHTML.slice(0, 120)),
        );
        assert.deepEqual(wide, []);
        assert.deepEqual(await audit(page), []);
      }),
    );
  }

  await check('clusters come worst first, as the API counts them', () =>
    visit('/clusters', {}, async (page) => {
      await page.getByRole('link', { name: CLUSTERS.worst.id }).waitFor();
      const worth = (x) =>
        ['4', '3', '2', '1']
          .map((risk) => String(x.hits_by_total_risk[risk] ?? 0).padStart(9, '0'))
          .join();
      const expected = (await fleet(base))
        .sort(
          (a, b) =>
            worth(b).localeCompare(worth(a)) || a.cluster_name.localeCompare(b.cluster_name),
        )
        .map((x) => x.cluster_name);
      assert.deepEqual(await cells(page, 'Name'), expected.slice(0, 50));
    }),
  );

  await check('a table sorts, filters and keeps both in the address', () =>
    visit('/clusters', {}, async (page) => {
      await page.getByRole('button', { name: 'Version' }).click();
      const shown = await cells(page, 'Version');
      assert.ok(shown.indexOf('4.18.10') < shown.indexOf('4.18.3'), shown.join());
      await page.getByRole('button', { name: 'Version' }).click();
      await page
        .getByRole('textbox', { name: 'Filter by name' })
        .fill(CLUSTERS.mild.id.slice(0, 8));
      await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
      assert.deepEqual(await cells(page, 'Name'), [CLUSTERS.mild.id]);
      await page.reload();
      await page.getByRole('link', { name: CLUSTERS.mild.id }).waitFor();
      assert.equal(
        new URL(page.url()).search,
        `?sort=version&text=${CLUSTERS.mild.id.slice(0, 8)}`,
      );
      assert.equal(await page.getByRole('link', { name: CLUSTERS.worst.id }).count(), 0);
    }),
  );

  await check('from a recommendation to its cluster and back', () =>
    visit('/recommendations', {}, async (page) => {
      await page.getByRole('link', { name: FEATURE_SET }).click();
      await page.getByRole('heading', { level: 1, name: FEATURE_SET }).waitFor();
      await page.getByRole('link', { name: CLUSTERS.worst.id }).click();
      await page.getByRole('heading', { level: 1, name: CLUSTERS.worst.id }).waitFor();
      await page.getByText('Detected issues').first().waitFor();
      assert.match((await cells(page, 'Description'))[0], new RegExp(`^${FEATURE_SET}`));
      await openEverything(page);
      await page.getByText('TechPreviewNoUpgrade').first().waitFor();
      await page.goBack();
      await page.getByRole('heading', { level: 1, name: FEATURE_SET }).waitFor();
      await page
        .getByRole('navigation', { name: 'Breadcrumb' })
        .getByRole('link', { name: 'Recommendations' })
        .click();
      await page.getByRole('heading', { level: 1, name: 'Recommendations' }).waitFor();
    }),
  );

  await check('what a cluster reports is shown as it is and does nothing', () =>
    visit(`/clusters/${CLUSTERS.worst.id}`, {}, async (page) => {
      await page.getByText('Detected issues').first().waitFor();
      await openEverything(page);
      const names = page.locator('.insightd-markdown li > code');
      await names.first().waitFor();
      assert.deepEqual((await names.allInnerTexts()).sort(), [...HOSTILE_NAMES].sort());
      const made = page.locator('main').locator('img, script, iframe, [onload], [onerror]');
      assert.equal(await made.count(), 0);
      assert.equal(await page.locator('a[href^="javascript" i]').count(), 0);
    }),
  );

  await check('a text of a hostile rule pack runs nothing and loads nothing', () =>
    // The policy says that it has stopped handlers before they were taken out.
    visit('/clusters', { expected: [/Content Security Policy/] }, async (page) => {
      await page.route('**/reports?*', async (route) => {
        const response = await route.fetch();
        const body = await response.json();
        for (const item of body.report.data) {
          item.reason = [
            'Shown.',
            '<script>alert(1)</script><img src=x onerror=alert(1)><svg onload=alert(1)>',
            '[x](javascript:alert(1)) ![y](https://example.com/p.png) [z](http://example.com)',
            '<a href="javascript:alert(1)" onclick="alert(1)">w</a><iframe src="https://example.com">',
          ].join('\n\n');
        }
        await route.fulfill({ response, json: body });
      });
      await page.goto(`${base}/clusters/${CLUSTERS.worst.id}`);
      const text = page.locator('.insightd-markdown', { hasText: 'Shown.' }).first();
      await text.waitFor();
      assert.equal(await text.locator('script, img, svg, iframe, [onclick], [onerror]').count(), 0);
      assert.equal(await text.locator('a[href]').count(), 0);
    }),
  );

  await check('a cluster of which nothing could be judged is not called healthy', () =>
    visit(`/clusters/${CLUSTERS.blank.id}`, {}, async (page) => {
      await page.getByText('Nothing could be judged').waitFor();
      assert.equal(await page.locator('.pf-m-success').count(), 0);
      assert.deepEqual(await audit(page), []);
    }),
  );

  await check('each cluster has one line on a screen of 1200, and the table fits', () =>
    visit('/', { width: 1200 }, async (page) => {
      const link = page.getByRole('link', { name: CLUSTERS.worst.id });
      await link.waitFor();
      assert.equal(await page.evaluate(() => document.activeElement?.tagName), 'BODY');
      const LINE_PX_MAX = 30;
      assert.ok((await link.boundingBox()).height < LINE_PX_MAX);
      const { x, width } = await page.getByRole('grid', { name: 'Clusters' }).boundingBox();
      assert.ok(x + width <= 1200, `the table ends at ${x + width}`);
    }),
  );

  await check('what could not be judged is named with its missing input', () =>
    visit(`/clusters/${CLUSTERS.healthy.id}`, {}, async (page) => {
      const { outcomes } = await ask(
        base,
        `/api/insightd/v1/clusters/${CLUSTERS.healthy.id}/outcomes`,
      );
      assert.ok(outcomes.skips.length > 0);
      await page.getByRole('button', { name: `${outcomes.skips.length} rules skipped` }).click();
      const table = page.getByRole('grid', { name: 'Skipped rules' });
      assert.equal(await table.locator('tbody tr').count(), outcomes.skips.length);
      await table.getByText('featuregate', { exact: true }).first().waitFor();
    }),
  );

  await check('a cluster without a result gets one while its page is open', () => {
    const expected = [/status of 404/];
    return visit(`/clusters/${CLUSTERS.late.id}`, { expected }, async (page) => {
      if (options.binary) {
        await page.getByText('No results yet').waitFor();
        assert.deepEqual(await audit(page), []);
      }
      await upload(base, CLUSTERS.late);
      await page.getByText('What could not be judged').waitFor();
      await page.getByText('4.18.10').waitFor();
    });
  });

  await check('an id that is none is said to be none', () =>
    visit('/clusters/nonsense', { expected: [/status of 400/] }, (page) =>
      page.getByText('This is no cluster').waitFor(),
    ),
  );

  await check('a rule that is none is said to be none', () =>
    visit('/recommendations/a.b%7CNONE', { expected: [/status of 404/] }, (page) =>
      page.getByText('This is no recommendation').waitFor(),
    ),
  );

  await check(
    'the theme is the reader’s choice over a reload, until it is the browser’s again',
    () =>
      visit('/clusters', { scheme: 'light' }, async (page) => {
        const isDark = () =>
          page.evaluate(() => document.documentElement.classList.contains('pf-v6-theme-dark'));
        await page.getByRole('button', { name: 'Switch to the dark theme' }).click();
        assert.equal(await isDark(), true);
        await page.reload();
        await page.getByRole('button', { name: 'Switch to the light theme' }).click();
        assert.equal(await isDark(), false);
        await page.emulateMedia({ colorScheme: 'dark' });
        await page.getByRole('button', { name: 'Switch to the light theme' }).waitFor();
        assert.equal(await isDark(), true);
      }),
  );

  await check('the keyboard reaches everything, beginning with the content', () =>
    visit('/clusters', {}, async (page) => {
      await page.getByRole('link', { name: CLUSTERS.worst.id }).waitFor();
      await page.keyboard.press('Tab');
      assert.equal(
        await page.evaluate(() => document.activeElement?.textContent),
        'Skip to content',
      );
      await page.getByRole('link', { name: CLUSTERS.worst.id }).focus();
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: CLUSTERS.worst.id }).waitFor();
      assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
    }),
  );

  await check('a server that fails is said to fail, with a way on', () =>
    visit('/nowhere', { expected: [/status of 500/] }, async (page) => {
      let fails = true;
      await page.route(`**${V2}/clusters`, (route) =>
        fails
          ? route.fulfill({ status: 500, json: { status: 'Internal Server Error' } })
          : route.continue(),
      );
      await page.getByRole('link', { name: 'All clusters' }).click();
      await page.getByText('Something went wrong').waitFor();
      assert.deepEqual(await audit(page), []);
      fails = false;
      await page.getByRole('button', { name: 'Try again' }).click();
      await page.getByRole('link', { name: CLUSTERS.worst.id }).waitFor();
    }),
  );

  if (options.binary) {
    await check(
      'files come compressed and may be kept, the page itself is asked for each time',
      async () => {
        const index = await fetch(`${base}/clusters/${CLUSTERS.worst.id}`);
        assert.equal(index.headers.get('cache-control'), 'no-cache');
        assert.match(index.headers.get('content-type'), /^text\/html/);
        const script = (await index.text()).match(/src="(\/assets\/[^"]+\.js)"/)?.[1];
        assert.ok(script, 'index.html names no script');
        const asset = await fetch(base + script);
        assert.match(asset.headers.get('cache-control'), /immutable/);
        assert.equal(asset.headers.get('content-encoding'), 'gzip');
        assert.equal((await fetch(`${base}/assets/none.js`)).status, 404);
      },
    );
  }
} finally {
  await browser.stop();
  await server.stop().catch((error) => {
    failures += 1;
    console.log(`FAIL  stopping\n${error.message}`);
  });
}
console.log(failures === 0 ? 'all good' : `${failures} failed`);
process.exitCode = failures === 0 ? 0 : 1;
