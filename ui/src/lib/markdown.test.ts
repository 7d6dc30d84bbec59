import { describe, expect, it } from 'vitest';
import { escapeForMarkdown, renderMarkdown } from './markdown';

function textOf(html: string): string {
  const element = document.createElement('div');
  element.innerHTML = html;
  return element.textContent?.trim() ?? '';
}

describe('data is shown as it is', () => {
  const values = [
    'worker_0_a',
    '_x_',
    '**/*.yaml',
    '<none>',
    '<script>alert(1)</script>',
    'a|b',
    'C:\\_tmp',
    '[x](y)',
    '`x`',
    '~~gone~~',
    '# no heading',
    '- no list',
    '&lt;',
  ];
  it.each(values)('in running text: %s', (value) => {
    const html = renderMarkdown(`before ${escapeForMarkdown(value)} after`);
    expect(textOf(html)).toBe(`before ${value} after`);
    expect(html).not.toMatch(/<(em|strong|a|code|del|h\d|li|script)/);
  });

  it.each(values.filter((x) => !x.includes('`')))('in code: %s', (value) => {
    expect(textOf(renderMarkdown(`\`${escapeForMarkdown(value)}\``))).toBe(value);
    expect(textOf(renderMarkdown(`\`\`\`\n${escapeForMarkdown(value)}\n\`\`\``))).toBe(value);
  });

  it.each(values)('at the start of a line: %s', (value) => {
    expect(textOf(renderMarkdown(escapeForMarkdown(value)))).toBe(value);
  });

  it.each(values)('in a table and in raw HTML: %s', (value) => {
    const table = renderMarkdown(`| a | b |\n|---|---|\n| ${escapeForMarkdown(value)} | end |`);
    const cells = document.createElement('div');
    cells.innerHTML = table;
    expect([...cells.querySelectorAll('td')].map((x) => x.textContent)).toEqual([value, 'end']);
    expect(textOf(renderMarkdown(`<div>${escapeForMarkdown(value)}</div>`))).toBe(value);
  });

  it('but an address becomes a link', () => {
    const html = renderMarkdown(`see ${escapeForMarkdown('https://docs.example.com/a_b~c?d=1')}`);
    expect(html).toContain('href="https://docs.example.com/a_b~c?d=1"');
  });

  it('also where it is the target of a link', () => {
    const html = renderMarkdown(`[x](https://a.example.com/${escapeForMarkdown('_b*c')})`);
    expect(html).toContain('href="https://a.example.com/_b*c"');
  });
});

describe('a hostile text', () => {
  const attacks = [
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg onload=alert(1)><a xlink:href="javascript:alert(1)">x</a></svg>',
    '[x](javascript:alert(1))',
    '[x](data:text/html,<script>alert(1)</script>)',
    '<a href="https://example.com" onclick="alert(1)">x</a>',
    '<iframe src="https://example.com"></iframe>',
    '<form action="https://example.com"><input name=a><button>x</button></form>',
    '<div style="position:fixed;inset:0">x</div>',
    '<div class="pf-v6-c-backdrop" id="main">x</div>',
    '![x](https://example.com/pixel.png)',
    '<base href="https://example.com">',
    '<style>body{display:none}</style>',
    '<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>',
  ];
  it.each(attacks)('leaves nothing that runs or loads: %s', (attack) => {
    const element = document.createElement('div');
    element.innerHTML = renderMarkdown(attack);
    const forbidden =
      'script, img, svg, iframe, form, input, button, style, base, math, link, meta, object';
    expect(element.querySelectorAll(forbidden)).toHaveLength(0);
    for (const node of element.querySelectorAll('*')) {
      for (const { name, value } of node.attributes) {
        expect(name).toMatch(/^(href|target|rel|title|colspan|rowspan|start|open)$/);
        if (name === 'href') expect(value).toMatch(/^https:\/\//);
      }
    }
  });

  it('opens links in a new tab that does not know where it came from', () => {
    expect(renderMarkdown('[x](https://example.com)')).toContain(
      'target="_blank" rel="noopener noreferrer"',
    );
    expect(renderMarkdown('[x](http://example.com)')).not.toContain('href');
  });
});

describe('headings', () => {
  it('follow the section that the text stands in, without a gap', () => {
    const html = renderMarkdown('# a\n### b\n##### c\n# d', 4);
    expect(html.match(/<h\d/g)).toEqual(['<h4', '<h5', '<h6', '<h4']);
  });

  it('begin at the section’s level even when the text begins lower', () => {
    expect(renderMarkdown('### b\n# a', 3).match(/<h\d/g)).toEqual(['<h3', '<h3']);
  });
});
