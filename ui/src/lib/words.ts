// Words that stand for the API's numbers, tags and keys.

export const RISKS = ['Low', 'Moderate', 'Important', 'Critical'] as const;
export const LEVELS = ['Low', 'Medium', 'High', 'Critical'] as const;
export const CHANGES = ['Very Low', 'Low', 'Moderate', 'High'] as const;

export function wordFor(words: readonly string[], value: number): string | null {
  return words[value - 1] ?? null;
}

export type Category = { id: string; title: string };

// The order that upstream numbers them in.
export const CATEGORIES: readonly Category[] = [
  { id: 'service_availability', title: 'Service Availability' },
  { id: 'performance', title: 'Performance' },
  { id: 'fault_tolerance', title: 'Fault Tolerance' },
  { id: 'security', title: 'Security' },
  { id: 'best_practices', title: 'Best Practice' },
];

/** The categories among a rule's tags; `best_practice` is an older spelling. */
export function categoriesOf(tags: readonly string[]): Category[] {
  const plural = tags.map((x) => (x === 'best_practice' ? 'best_practices' : x));
  return CATEGORIES.filter((x) => plural.includes(x.id));
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** Why rules could not be judged, each reason with how many rules it holds back. */
export function reasonsOf(outcomes: {
  skips: readonly { missing: readonly string[] }[];
  errors: readonly unknown[];
}): string[] {
  const missing = outcomes.skips.filter((x) => x.missing.length > 0).length;
  const other = outcomes.skips.length - missing;
  const failed = outcomes.errors.length;
  return [
    ...(missing > 0 ? [`${missing.toLocaleString('en')} found no input in the archive`] : []),
    ...(other > 0 ? [`${other.toLocaleString('en')} did not apply to the cluster`] : []),
    ...(failed > 0 ? [`${failed.toLocaleString('en')} failed`] : []),
  ];
}

/** The composite id of a report's item: the component without `.report`, a bar, the key. */
export function compositeId(component: string, key: string): string {
  return `${component.replace(/\.report$/, '')}|${key}`;
}
