import { describe, expect, it } from 'vitest';
import { renderMarkdown } from './markdown';
// Texts as the server fills them in, a row a template and a column a value: its own tests check
// that it does.
import hostile from '../../../src/content/testing/hostile_texts.json';

function elementOf(text: string): HTMLElement {
  const element = document.createElement('div');
  element.innerHTML = renderMarkdown(text);
  return element;
}

function textOf(element: HTMLElement): string {
  return (element.textContent ?? '').replace(/\s+/g, ' ').trim();
}

function tagsOf(element: HTMLElement): string {
  return [...element.querySelectorAll('*')].map((x) => x.tagName).join(' ');
}

const VALUE = '{{=pydata.x}}';
const PLAIN = hostile.values.indexOf('plain');

describe('data is shown as it is and changes nothing around it', () => {
  it.each(hostile.templates.map((x, i) => [x, i] as const))('%j', (template, row) => {
    const texts = hostile.rendered[row]!;
    const plain = elementOf(texts[PLAIN]!);
    // An address shows less of what goes into it.
    const isShown =
      !template.includes(`](${VALUE}`) && !template.includes('](https://a.example/{{');
    hostile.values.forEach((value, column) => {
      const element = elementOf(texts[column]!);
      expect(tagsOf(element), value).toBe(tagsOf(plain));
      for (const link of element.querySelectorAll('a[href]')) {
        expect(link.getAttribute('href'), value).toMatch(/^https:\/\/(a\.example\/|)/);
      }
      if (isShown) {
        const shown = value.replace(/\s+/g, ' ').trim();
        const expected = textOf(plain).replaceAll('plain', () => shown);
        expect(textOf(element), value).toBe(expected.replace(/\s+/g, ' ').trim());
      }
    });
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
