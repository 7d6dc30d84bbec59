import { describe, expect, it } from 'vitest';
import { categoriesOf, compositeId, humanise, plural } from './words';

describe('words', () => {
  it.each([
    ['allowed_skew', 'Allowed skew'],
    ['featureSet', 'Feature set'],
    ['ephemeral_storage_gb', 'Ephemeral storage gb'],
    ['CPU', 'CPU'],
    ['', ''],
  ])('of %s are %s', (key, expected) => {
    expect(humanise(key)).toBe(expected);
  });

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

  it('make the id under which a recommendation is found', () => {
    expect(compositeId('ccx_rules_ocp.external.rules.x.report', 'KEY')).toBe(
      'ccx_rules_ocp.external.rules.x|KEY',
    );
  });
});
