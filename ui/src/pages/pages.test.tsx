import { fireEvent, screen, waitFor, within } from '@testing-library/react';
import { describe, expect, it } from 'vitest';
import type { FleetCluster, Recommendation, ReportItem } from '../api/client';
import { UUID, paths, showPage } from '../testing/page';

function cluster(
  name: string,
  hits: [number, number, number, number],
  more: Partial<FleetCluster> = {},
): FleetCluster {
  return {
    cluster_id: `${name}-id`,
    cluster_name: name,
    managed: false,
    total_hit_count: hits.reduce((sum, x) => sum + x, 0),
    hits_by_total_risk: { '4': hits[0], '3': hits[1], '2': hits[2], '1': hits[3] },
    ...more,
  };
}

function fleet(...data: FleetCluster[]) {
  return { body: { data, meta: { count: data.length }, status: 'ok' } };
}

function rule(
  name: string,
  total_risk: number,
  count: number,
  more: Partial<Recommendation> = {},
): Recommendation {
  return {
    rule_id: `ccx_rules_ocp.external.rules.${name}|${name.toUpperCase()}`,
    description: name,
    generic: '',
    total_risk,
    resolution_risk: 0,
    impact: total_risk,
    likelihood: total_risk,
    tags: [],
    disabled: false,
    impacted_clusters_count: count,
    ...more,
  };
}

function item(name: string, more: Partial<ReportItem> = {}): ReportItem {
  return {
    rule_id: `ccx_rules_ocp.external.rules.${name}.report`,
    description: name,
    details: '',
    reason: '',
    resolution: '',
    more_info: '',
    total_risk: 2,
    disabled: false,
    disable_feedback: '',
    disabled_at: '',
    internal: false,
    user_vote: 0,
    extra_data: { type: 'rule', error_key: name.toUpperCase() },
    tags: [],
    ...more,
  };
}

function oneCluster(
  items: ReportItem[],
  outcomes: object = { hits: items.length, passes: 3, skips: [], errors: [] },
) {
  return {
    [paths.report]: {
      body: {
        report: {
          meta: {
            cluster_name: UUID,
            managed: false,
            count: items.length,
            last_checked_at: '2026-08-01T10:00:00Z',
          },
          data: items,
        },
        status: 'ok',
      },
    },
    [paths.info]: {
      body: {
        cluster: {
          cluster_id: UUID,
          display_name: 'prod-1',
          managed: false,
          status: 'Active',
          cluster_version: '4.18.3',
        },
        status: 'ok',
      },
    },
    [paths.outcomes]: { body: { outcomes, status: 'ok' } },
  };
}

function firstCells(table: HTMLElement, column: string): string[] {
  return [...table.querySelectorAll(`tbody td[data-label="${column}"]`)].map(
    (x) => x.textContent ?? '',
  );
}

describe('the list of clusters', () => {
  it('begins with the worst cluster, the milder risks deciding between equals', async () => {
    showPage('/clusters', {
      [paths.clusters]: fleet(
        cluster('healthy', [0, 0, 0, 0]),
        cluster('many-low', [0, 0, 0, 9]),
        cluster('critical', [1, 0, 0, 0]),
        cluster('important', [0, 2, 0, 0]),
        cluster('important-and-more', [0, 2, 1, 0]),
      ),
    });
    await screen.findByText('critical');
    expect(firstCells(screen.getByRole('grid', { name: 'Clusters' }), 'Name')).toEqual([
      'critical',
      'important-and-more',
      'important',
      'many-low',
      'healthy',
    ]);
    expect(document.title).toBe('Clusters - insightd');
  });

  it('is where the page starts', async () => {
    const { asked } = showPage('/', { [paths.clusters]: fleet(cluster('a', [0, 0, 0, 0])) });
    await screen.findByText('a');
    expect(asked).toEqual([paths.clusters]);
  });

  it('leaves the focus alone when it opens, and moves it to a page that the reader opens', async () => {
    showPage('/', { [paths.clusters]: fleet(cluster('a', [0, 0, 0, 0])), [paths.rules]: 'silent' });
    await screen.findByText('a');
    expect(document.activeElement).toBe(document.body);
    fireEvent.click(screen.getByRole('link', { name: 'Recommendations' }));
    await waitFor(() => expect(document.activeElement?.id).toBe('main'));
  });

  it('sorts by a column and back, unknown versions last', async () => {
    showPage('/clusters', {
      [paths.clusters]: fleet(
        cluster('old', [0, 0, 0, 0], { cluster_version: '4.9.1' }),
        cluster('unknown', [0, 0, 0, 0]),
        cluster('new', [0, 0, 0, 0], { cluster_version: '4.18.0' }),
      ),
    });
    fireEvent.click(await screen.findByRole('button', { name: 'Version' }));
    const table = screen.getByRole('grid', { name: 'Clusters' });
    expect(firstCells(table, 'Name')).toEqual(['new', 'old', 'unknown']);
    fireEvent.click(screen.getByRole('button', { name: 'Version' }));
    expect(firstCells(table, 'Name')).toEqual(['old', 'new', 'unknown']);
  });

  it('filters while the reader types, and says when nothing matches', async () => {
    showPage('/clusters', {
      [paths.clusters]: fleet(cluster('prod-1', [0, 0, 0, 0]), cluster('test-1', [0, 0, 0, 0])),
    });
    const filter = await screen.findByRole('textbox', { name: 'Filter by name' });
    await screen.findByText('test-1');
    fireEvent.change(filter, { target: { value: 'PROD' } });
    expect(screen.queryByText('test-1')).toBeNull();
    fireEvent.change(filter, { target: { value: 'nowhere' } });
    expect(screen.getByText('No matching clusters found')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Reset filters' }));
    expect(screen.getByText('test-1')).toBeTruthy();
  });

  it('shows a page at a time', async () => {
    const many = Array.from({ length: 120 }, (_, i) =>
      cluster(`c${String(i).padStart(3, '0')}`, [0, 0, 0, 0]),
    );
    showPage('/clusters?sort=name&limit=50', { [paths.clusters]: fleet(...many) });
    await screen.findByText('c000');
    expect(screen.queryByText('c050')).toBeNull();
    fireEvent.click(screen.getAllByRole('button', { name: 'Go to next page' })[0]!);
    expect(screen.getByText('c050')).toBeTruthy();
  });

  it('shows its last page when the address asks for one further on', async () => {
    showPage('/clusters?offset=500', { [paths.clusters]: fleet(cluster('only', [0, 0, 0, 0])) });
    expect(await screen.findByText('only')).toBeTruthy();
  });

  it('explains how to upload when there is no cluster', async () => {
    showPage('/clusters', { [paths.clusters]: fleet() });
    expect(await screen.findByText('No clusters yet')).toBeTruthy();
    expect(screen.getByText(/curl -F .*\/api\/ingress\/v1\/upload/)).toBeTruthy();
    expect(screen.getByText(/uploadEndpoint: .*\/api\/ingress\/v1\/upload/)).toBeTruthy();
  });

  it('keeps the shape of the table while it loads', () => {
    showPage('/clusters', { [paths.clusters]: 'silent' });
    expect(screen.getByText('Loading clusters')).toBeTruthy();
    expect(screen.getByRole('button', { name: 'Last seen' })).toBeTruthy();
  });

  it('says what is wrong and what to do when the server cannot be reached', async () => {
    const { asked } = showPage('/clusters', { [paths.clusters]: 'unreachable' });
    expect(await screen.findByText(/could not be reached.*Check that insightd runs/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: 'Try again' }));
    await waitFor(() => expect(asked).toHaveLength(2));
  });

  it('repeats what the server said when it refused', async () => {
    showPage('/clusters', {
      [paths.clusters]: { status: 403, body: { status: 'Missing auth token' } },
    });
    expect(await screen.findByText(/Missing auth token.*proxy in front of insightd/)).toBeTruthy();
  });
});

describe('one cluster', () => {
  const texts = {
    details: 'Paused pools do not update.',
    reason: 'Nodes:\n\n- **worker_0**\n\n- **&lt;b>x**\n',
    resolution: 'Resume them.',
    more_info: 'See [the docs](https://docs.example.com/).',
    extra_data: {
      type: 'rule',
      error_key: 'PAUSED',
      nodes: [{ name: 'worker_0' }, { name: '<b>x' }],
    },
  };

  it('names itself and shows its worst recommendation opened, with its texts', async () => {
    showPage(
      `/clusters/${UUID}`,
      oneCluster([item('mild', { total_risk: 1 }), item('paused', { ...texts, total_risk: 3 })]),
    );
    expect(await screen.findByRole('heading', { level: 1, name: 'prod-1' })).toBeTruthy();
    await waitFor(() => expect(document.title).toBe('prod-1 - insightd'));
    expect(await screen.findByText('worker_0')).toBeTruthy();
    expect(screen.getByText('<b>x')).toBeTruthy();
    for (const title of [
      'Detected issues',
      'Why it matters',
      'Steps to resolve',
      'Additional info',
    ]) {
      expect(screen.getByRole('heading', { level: 3, name: title })).toBeTruthy();
    }
    expect(screen.getByText('4.18.3')).toBeTruthy();
    expect(screen.getByText('01 Aug 2026 10:00 UTC')).toBeTruthy();
    expect(screen.getByText('2 recommendations')).toBeTruthy();
  });

  it('lists what was found when the rule has no text', async () => {
    const extra_data = {
      type: 'rule',
      error_key: 'BARE',
      allowed_skew: 3,
      nodes: [{ name: 'worker-0', ready: false }],
      messages: ['one', 'two'],
      nested: { inner: { deep: 'value' } },
      nothing: null,
    };
    showPage(`/clusters/${UUID}`, oneCluster([item('bare', { extra_data })]));
    expect(await screen.findByText('allowed_skew')).toBeTruthy();
    const nodes = screen.getByRole('grid', { name: 'nodes' });
    expect(within(nodes).getByText('worker-0')).toBeTruthy();
    for (const text of ['two', 'value', 'none']) expect(screen.getByText(text)).toBeTruthy();
    expect(screen.queryByText('error_key')).toBeNull();
  });

  it('shows a long list up to a bound, and the rest on request', async () => {
    const extra_data = { error_key: 'LONG', names: Array.from({ length: 300 }, (_, i) => `n${i}`) };
    showPage(`/clusters/${UUID}`, oneCluster([item('long', { extra_data })]));
    await screen.findByText('n0');
    expect(screen.queryByText('n299')).toBeNull();
    fireEvent.click(screen.getByRole('button', { name: 'Show 280 more' }));
    expect(screen.getByText('n299')).toBeTruthy();
  });

  it('shows where it was seen, file and place, on request', async () => {
    const insightd_evidence = {
      files: [
        {
          path: 'config/node/m0.json',
          places: [
            { at: 'status.conditions[3].status', value: "'<b>Unknown'" },
            { at: 'spec.taints', absent: true },
          ],
          more_places: 2,
        },
      ],
      looked_at: [{ input: 'pods', files: 0, paths: ['config/pod/*.json'] }],
    };
    showPage(`/clusters/${UUID}`, oneCluster([item('seen', { insightd_evidence })]));
    fireEvent.click(await screen.findByRole('button', { name: 'Show where this was seen' }));
    for (const text of [
      'config/node/m0.json',
      'status.conditions[3].status',
      "'<b>Unknown'",
      'and 2 more places',
      'config/pod/*.json',
    ]) {
      expect(screen.getByText(text)).toBeTruthy();
    }
    expect(screen.getByText(/is absent/)).toBeTruthy();
  });

  it('offers nothing to be seen without evidence', async () => {
    showPage(`/clusters/${UUID}`, oneCluster([item('plain', {})]));
    await screen.findByText('plain');
    expect(screen.queryByRole('button', { name: 'Show where this was seen' })).toBeNull();
  });

  it('survives a text that could not be filled in and shows it raw', async () => {
    const reason = 'Here: {{=pydata.a.b}}';
    const rendering_errors = { reason: 'cannot read "b" of undefined' };
    showPage(
      `/clusters/${UUID}`,
      oneCluster([item('broken', { reason, resolution: 'Still here.', rendering_errors })]),
    );
    expect(
      await screen.findByText(/there was an error rendering the content correctly/),
    ).toBeTruthy();
    expect(screen.getByText(/cannot read "b" of undefined/)).toBeTruthy();
    expect(screen.getByText(reason)).toBeTruthy();
    expect(screen.getByText('Still here.')).toBeTruthy();
  });

  it('shows the recommendation that a link names first and opened', async () => {
    const first = encodeURIComponent('ccx_rules_ocp.external.rules.mild|MILD');
    showPage(
      `/clusters/${UUID}?first=${first}`,
      oneCluster([
        item('bad', { total_risk: 3 }),
        item('mild', { total_risk: 1, reason: 'Named.' }),
      ]),
    );
    expect(await screen.findByText('Named.')).toBeTruthy();
    const table = screen.getByRole('grid', { name: 'Recommendations for this cluster' });
    expect(firstCells(table, 'Description')[0]).toMatch(/^mild/);
  });

  it('says what could not be judged and why', async () => {
    const outcomes = {
      hits: 0,
      passes: 7,
      skips: [
        {
          rule_id: 'm.a|A',
          description: 'Nodes are not ready',
          missing: ['nodes', 'alerts|metrics'],
        },
        { rule_id: 'm.c|C', description: 'For old versions', missing: [] },
      ],
      errors: [{ rule_id: 'm.b|B', description: 'Quota is low', message: 'no such key: quota' }],
    };
    showPage(`/clusters/${UUID}`, oneCluster([], outcomes));
    expect(await screen.findByText(/7 of 10 rules could be judged/)).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: '2 rules skipped' }));
    expect(screen.getByText('alerts or metrics')).toBeTruthy();
    expect(screen.getByText('does not apply to this cluster')).toBeTruthy();
    fireEvent.click(screen.getByRole('button', { name: '1 rule failed' }));
    expect(screen.getByText('no such key: quota')).toBeTruthy();
    expect(screen.getByText(/3 rules could not be judged, see below/)).toBeTruthy();
    expect(screen.getByRole('link', { name: 'Quota is low' }).getAttribute('href')).toBe(
      '/recommendations/m.b%7CB',
    );
  });

  it('is good news when no rule hits', async () => {
    showPage(`/clusters/${UUID}`, oneCluster([]));
    expect(
      await screen.findByText('The cluster is not affected by any known recommendations'),
    ).toBeTruthy();
    expect(await screen.findByText('All 3 rules could be judged.')).toBeTruthy();
  });

  it('is neither good nor bad news when nothing could be judged, and says why', async () => {
    const outcomes = {
      hits: 0,
      passes: 0,
      skips: [
        { rule_id: 'm.a|A', description: 'a', missing: ['nodes'] },
        { rule_id: 'm.b|B', description: 'b', missing: ['nodes'] },
        { rule_id: 'm.c|C', description: 'c', missing: [] },
      ],
      errors: [{ rule_id: 'm.d|D', description: 'd', message: 'broken' }],
    };
    showPage(`/clusters/${UUID}`, oneCluster([], outcomes));
    expect(await screen.findByText('Nothing could be judged')).toBeTruthy();
    expect(
      screen.getByText(
        /Of 4 rules, 2 found no input in the archive; 1 did not apply to the cluster; 1 failed/,
      ),
    ).toBeTruthy();
    expect(screen.getByText(/None of 4 rules could be judged/)).toBeTruthy();
    expect(screen.queryByText(/not affected by any/)).toBeNull();
    expect(document.querySelector('.pf-m-success')).toBeNull();
  });

  it('is not said to be healthy without a rule, nor before it is known what was judged', async () => {
    const none = { hits: 0, passes: 0, skips: [], errors: [] };
    const { unmount } = showPage(`/clusters/${UUID}`, oneCluster([], none));
    expect(await screen.findByText(/There was no rule to judge it by/)).toBeTruthy();
    unmount();
    showPage(`/clusters/${UUID}`, { ...oneCluster([]), [paths.outcomes]: 'silent' });
    expect(await screen.findByText('4.18.3')).toBeTruthy();
    expect(screen.getByText('Loading recommendations')).toBeTruthy();
  });

  it('is not said to be healthy when what was judged cannot be had', async () => {
    showPage(`/clusters/${UUID}`, { ...oneCluster([]), [paths.outcomes]: { status: 500 } });
    expect(await screen.findByText(/How many rules could be judged is not known/)).toBeTruthy();
    expect(document.querySelector('.pf-m-success')).toBeNull();
  });

  it('has no results yet before its first one', async () => {
    showPage(`/clusters/${UUID}`, {});
    expect(await screen.findByText('No results yet')).toBeTruthy();
    expect(screen.queryByText('What could not be judged')).toBeNull();
  });

  it('is none when the id is no cluster id', async () => {
    const path = paths.report.replace(UUID, 'x');
    showPage('/clusters/x', {
      [path]: { status: 400, body: { status: 'invalid UUID length: 1' } },
    });
    expect(await screen.findByText('This is no cluster')).toBeTruthy();
  });
});

describe('the list of recommendations', () => {
  const rules = {
    [paths.rules]: {
      body: {
        recommendations: [
          rule('mild', 1, 5, { generic: 'About *mild*.', tags: ['best_practice', 'etcd'] }),
          rule('worst', 4, 1),
          rule('bad', 3, 2),
          rule('unhit', 4, 0),
        ],
        status: 'ok',
      },
    },
  };

  it('shows those that hit, worst first', async () => {
    showPage('/recommendations', rules);
    await screen.findByText('worst');
    const table = screen.getByRole('grid', { name: 'Recommendations' });
    expect(firstCells(table, 'Name').map((x) => x.trim())).toEqual(['worst', 'bad', 'mild']);
    expect(within(table).getByText('Critical')).toBeTruthy();
    expect(within(table).getByText('Best Practice')).toBeTruthy();
    expect(within(table).queryByText('etcd')).toBeNull();
  });

  it('shows the others too when that filter is removed, and resets to it', async () => {
    showPage('/recommendations', rules);
    await screen.findByText('worst');
    fireEvent.click(screen.getByRole('button', { name: /^Close label group/ }));
    expect(await screen.findByText('unhit')).toBeTruthy();
    fireEvent.change(screen.getByRole('textbox', { name: 'Filter by name' }), {
      target: { value: 'nowhere' },
    });
    fireEvent.click(screen.getByRole('button', { name: 'Reset filters' }));
    expect(screen.queryByText('unhit')).toBeNull();
    expect(screen.getByText('worst')).toBeTruthy();
  });

  it('leaves out a column that no row has a value for, also when the address sorts by it', async () => {
    showPage('/recommendations?sort=-resolution_risk', rules);
    await screen.findByText('worst');
    const table = screen.getByRole('grid', { name: 'Recommendations' });
    const titles = within(table)
      .getAllByRole('columnheader')
      .map((x) => x.textContent);
    expect(titles).not.toContain('Risk of change');
    expect(titles).not.toContain('Modified');
    expect(titles).toContain('Total risk');
    expect(firstCells(table, 'Name').map((x) => x.trim())).toEqual(['mild', 'bad', 'worst']);
  });

  it('keeps a column that one row has a value for', async () => {
    const some = [rule('a', 1, 1), rule('b', 1, 1, { resolution_risk: 2 })];
    showPage('/recommendations', {
      [paths.rules]: { body: { recommendations: some, status: 'ok' } },
    });
    await screen.findByText('a');
    expect(screen.getByRole('button', { name: 'Risk of change' })).toBeTruthy();
  });

  const unhit = {
    [paths.rules]: {
      body: { recommendations: [rule('a', 1, 0), rule('b', 1, 0)], status: 'ok' },
    },
  };

  it('says that no cluster has uploaded, and leads to all recommendations', async () => {
    showPage('/recommendations', { ...unhit, [paths.clusters]: fleet() });
    expect(await screen.findByText('No cluster has uploaded yet')).toBeTruthy();
    expect(screen.queryByText(/edit your filter settings/)).toBeNull();
    fireEvent.click(screen.getByRole('link', { name: 'View all 2 recommendations' }));
    expect(await screen.findByText('b')).toBeTruthy();
  });

  it('says that no recommendation affects a cluster when there are clusters', async () => {
    showPage('/recommendations', {
      ...unhit,
      [paths.clusters]: fleet(cluster('c', [0, 0, 0, 0])),
    });
    expect(await screen.findByText('No recommendation affects any cluster')).toBeTruthy();
    expect(screen.queryByText('No cluster has uploaded yet')).toBeNull();
  });

  it('opens a row with its text and a way to the clusters', async () => {
    showPage('/recommendations?text=mild', rules);
    await screen.findByText('mild');
    fireEvent.click(screen.getByRole('button', { name: 'Details' }));
    expect(screen.getByText('View 5 affected clusters').getAttribute('href')).toBe(
      '/recommendations/ccx_rules_ocp.external.rules.mild%7CMILD',
    );
    expect(document.querySelector('em')?.textContent).toBe('mild');
  });
});

describe('one recommendation', () => {
  const id = 'ccx_rules_ocp.external.rules.bad|BAD';
  const content = {
    rule_id: id,
    description: 'Bad thing',
    generic: 'It is **bad**.',
    reason: '',
    resolution: '',
    more_info: '',
    total_risk: 3,
    resolution_risk: 2,
    impact: 3,
    likelihood: 3,
    publish_date: '2026-04-08T00:42:00Z',
    tags: ['security'],
  };
  const answers = (enabled: object[], disabled: object[] = []) => ({
    [paths.content(id)]: { body: { content, groups: [], status: 'ok' } },
    [paths.detail(id)]: { body: { data: { enabled, disabled }, status: 'ok' } },
  });

  it('shows its text, its risks and the clusters that it hits', async () => {
    const hit = {
      cluster: UUID,
      cluster_name: 'prod-1',
      last_checked_at: '2026-08-01T10:00:00Z',
      meta: { cluster_version: '' },
    };
    showPage(`/recommendations/${encodeURIComponent(id)}`, answers([hit]));
    expect(await screen.findByRole('heading', { level: 1, name: 'Bad thing' })).toBeTruthy();
    expect(screen.getByText('08 Apr 2026')).toBeTruthy();
    expect(screen.getByText('Security')).toBeTruthy();
    expect(screen.getByText('Important')).toBeTruthy();
    expect((await screen.findByRole('link', { name: 'prod-1' })).getAttribute('href')).toBe(
      `/clusters/${UUID}?first=${encodeURIComponent(id)}`,
    );
  });

  it('says when it affects no cluster, and where it is silenced', async () => {
    const silenced = { cluster_id: UUID, cluster_name: 'x', disabled_at: '', justification: '' };
    showPage(`/recommendations/${encodeURIComponent(id)}`, answers([], [silenced]));
    expect(
      await screen.findByText('This recommendation does not affect any cluster.'),
    ).toBeTruthy();
    expect(screen.getByText(/disabled for 1 cluster/)).toBeTruthy();
  });

  it('is none when no rule has the id', async () => {
    showPage('/recommendations/a%7CB', {});
    expect(await screen.findByText('This is no recommendation')).toBeTruthy();
  });
});

describe('an address that is no page', () => {
  it('says so and leads on', () => {
    showPage('/nowhere', {});
    expect(screen.getByText('There is no such page')).toBeTruthy();
    expect(screen.getByRole('link', { name: 'All clusters' }).getAttribute('href')).toBe(
      '/clusters',
    );
  });
});
