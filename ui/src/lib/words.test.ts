import { describe, expect, it } from 'vitest';
import { categoriesOf, compositeId, plural, reasonsOf } from './words';

describe('words', () => {
  it('count', () => {
    expect([plural(1, 'rule'), plural(0, 'rule'), plural(1234, 'rule')]).toEqual([
      '1 rule',
      '0 rules',
      '1,234 rules',
    ]);
  });

  it('name categories once, under either spelling, and leave other tags out', () => {
    const titles = categoriesOf(['etcd', 'best_practice', 'best_practices', 'security']).map(
      (x) => x.title,
    );
    expect(titles).toEqual(['Security', 'Best Practice']);
  });

  it('name each reason why rules could not be judged, and none that held back no rule', () => {
    const skips = [{ missing: ['nodes'] }, { missing: [] }, { missing: ['pods'] }];
    expect(reasonsOf({ skips, errors: [{}] })).toEqual([
      '2 found no input in the archive',
      '1 did not apply to the cluster',
      '1 failed',
    ]);
    expect(reasonsOf({ skips: [], errors: [] })).toEqual([]);
  });

  it('make the id under which a recommendation is found', () => {
    expect(compositeId('ccx_rules_ocp.external.rules.x.report', 'KEY')).toBe(
      'ccx_rules_ocp.external.rules.x|KEY',
    );
  });
});
