import { describe, expect, it } from 'vitest';
import { LIMITS } from './expression';
import { TemplateError, escapeAsUpstream, renderTemplate } from './template';

describe('a template shows what a rule found', () => {
  const cases: [string, string, unknown, string][] = [
    [
      'a value',
      'Node **{{=pydata.node}}** is low.',
      { node: 'worker-1' },
      'Node **worker-1** is low.',
    ],
    [
      'a condition and a loop',
      'Node{{?pydata.nodes.length>1}}s{{?}}:\n{{~ pydata.nodes :n }}\n- {{=n["name"]}}{{?n.role}} ({{=n.role}}){{?}}\n{{~}}\n',
      { nodes: [{ name: 'a', role: 'master' }, { name: 'b' }] },
      'Nodes:\n\n- a (master)\n\n- b\n\n',
    ],
    [
      'else if and else',
      "{{? pydata.v == '4.1'}}old{{?? pydata.v == '4.2'}}mid{{??}}new{{?}}",
      { v: '4.2' },
      'mid',
    ],
    [
      'the index of a loop',
      '{{~pydata.items:x:i}}{{=i}}={{=x}};{{~}}',
      { items: ['p', 'q'] },
      '0=p;1=q;',
    ],
    ['nothing for a list that is absent', '{{~pydata.none:x}}x{{~}}end', {}, 'end'],
    [
      'the keys of a map',
      '{{ for (var k in pydata.m) { }}{{=k}}:{{=pydata.m[k]}} {{ } }}',
      { m: { a: 1, b: 2 } },
      'a:1 b:2 ',
    ],
    ['what is missing', '[{{=pydata.missing}}]', {}, '[undefined]'],
    ['null', '[{{=pydata.a.b}}]', { a: { b: null } }, '[null]'],
    [
      'HTML as text',
      '{{=pydata.t}} / {{!pydata.t}}',
      { t: '<b>&\'"/' },
      '<b>&\'"/ / &#60;b&#62;&#38;&#39;&#34;&#47;',
    ],
    ['backslashes as they are', 'path {{=pydata.p}}', { p: 'C:\\new\\tmp' }, 'path C:\\new\\tmp'],
    [
      'text that is no template',
      'it\'s a \\d+ regex \\ and "quote"',
      {},
      'it\'s a \\d+ regex \\ and "quote"',
    ],
    [
      'a condition over two lines',
      "{{? ['4.0','4.1'].indexOf(pydata.v) >= 0\n}}eol{{?}}",
      { v: '4.1' },
      'eol',
    ],
    ['both of two', '{{? pydata.a &&\n pydata.b}}both{{?}}', { a: 1, b: 1 }, 'both'],
    ['comments of other languages', 'glob /etc/*.d and */5 cron', {}, 'glob /etc/*.d and */5 cron'],
    [
      'values as JavaScript writes them',
      '{{=pydata.n}} {{=pydata.f}} {{=pydata.b}} {{=pydata.l}} {{=pydata.o}}',
      { n: 1.0, f: 0.1, b: true, l: [1, [2, 3]], o: { a: 1 } },
      '1 0.1 true 1,2,3 [object Object]',
    ],
    ['an empty list, which is true', '{{?pydata.l}}yes{{??}}no{{?}}', { l: [] }, 'yes'],
    ['the text 0, which is true', '{{?pydata.l}}yes{{??}}no{{?}}', { l: '0' }, 'yes'],
    ['zero, which is not', '{{?pydata.l}}yes{{??}}no{{?}}', { l: 0 }, 'no'],
    [
      'braces that begin no tag',
      'price }} {{=pydata.a}} {{ not closed',
      { a: 1 },
      'price }} 1 {{ not closed',
    ],
    [
      'sums and methods',
      "{{=pydata.a + 1}} {{=pydata.s.toUpperCase()}} {{=pydata.l.join(', ')}}",
      { a: 1, s: 'ab', l: ['x', 'y'] },
      '2 AB x, y',
    ],
    ['a definition', '{{##def.x:hello#}}{{#def.x}}', {}, 'hello'],
    [
      'a condition in a loop',
      '{{~pydata.l:x}}{{?x.ok}}{{=x.n}}{{?}}{{~}}',
      {
        l: [
          { ok: true, n: 'A' },
          { ok: false, n: 'B' },
          { ok: true, n: 'C' },
        ],
      },
      'AC',
    ],
    [
      'keys in the order of JavaScript',
      '{{~Object.keys(pydata.m):k}}{{=k}},{{~}}',
      { m: { b: 1, a: 2, '2': 3, '1': 4 } },
      '1,2,b,a,',
    ],
    [
      'what a function selects',
      "{{=pydata.l.filter(x => x.n > 1).map((x, i) => i + ':' + x.n).join(' ')}}",
      { l: [{ n: 1 }, { n: 2 }, { n: 3 }] },
      '0:2 1:3',
    ],
    ['what may be absent', '{{=pydata.a?.b.c ?? "none"}}', {}, 'none'],
    [
      'statements',
      '{{ var n = pydata.l.length; }}{{ if (n > 1) { }}many{{ } else { }}few{{ } }}',
      { l: [1, 2] },
      'many',
    ],
    [
      'elements in order',
      '{{ for (const x of pydata.l) { }}{{=x}};{{ } }}',
      { l: ['b', 'a'] },
      'b;a;',
    ],
  ];
  it.each(cases)('%s', (_, template, data, expected) => {
    expect(renderTemplate(template, data)).toBe(expected);
  });

  it('escapes data for Markdown and leaves the author’s own marks alone', () => {
    const data = { x: '_a_*b*', y: 'c~d', n: 3 };
    expect(
      renderTemplate("{{=pydata['x']}}{{=pydata.y}} **{{=pydata.n}}**", data, escapeAsUpstream),
    ).toBe('\\_a\\_\\*b\\*c\\~d **3**');
    expect(
      renderTemplate("{{=pydata.n > 1 ? '**' + pydata.y + '**' : ''}}", data, escapeAsUpstream),
    ).toBe('**c\\~d**');
    expect(renderTemplate("{{?pydata.x == '_a_*b*'}}same{{?}}", data, escapeAsUpstream)).toBe(
      'same',
    );
  });
});

describe('a template that cannot be rendered is an error', () => {
  const broken: [string, string][] = [
    ['a member of nothing', '{{=pydata.a.b}}'],
    ['an unknown name', '{{=other.a}}'],
    ['a condition that is not closed', '{{?pydata}}x'],
    ['a loop that is not closed', '{{~pydata.l :x}}x'],
    ['an end without a beginning', 'x{{?}}'],
    ['a loop that ends a condition', '{{?pydata}}x{{~}}'],
    ['an expression that is cut', '{{=pydata.}}'],
    ['an unknown method', '{{="a".codePoints()}}'],
    ['an unknown statement', '{{ while (true) { }}x{{ } }}'],
  ];
  it.each(broken)('%s', (_, template) => {
    expect(() => renderTemplate(template, {})).toThrow(TemplateError);
  });
});

describe('a hostile template', () => {
  const unreachable: [string, string][] = [
    ['window', '{{=window.location}}'],
    ['a function of the page', '{{=alert(1)}}'],
    ['a constructor', '{{="".constructor.constructor("return 1")()}}'],
    ['a constructor of a list', '{{=[].map.constructor("return 1")()}}'],
    ['a constructor of an arrow', '{{=(x => x).constructor("return 1")()}}'],
    ['an assignment', '{{=pydata.a = 1}}'],
    ['a statement after a statement', '{{ var a = 1; alert(1); }}'],
    ['this', '{{=this.a}}'],
    ['new', '{{=new Date()}}'],
    ['an import', '{{=import("x")}}'],
  ];
  it.each(unreachable)('does not reach %s', (_, template) => {
    expect(() => renderTemplate(template, { a: 0 })).toThrow(TemplateError);
  });

  it('sees no prototype', () => {
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf']) {
      expect(renderTemplate(`{{=pydata["${name}"]}}`, {})).toBe('undefined');
      expect(renderTemplate(`{{?"${name}" in pydata}}yes{{??}}no{{?}}`, {})).toBe('no');
    }
    expect(renderTemplate('{{=typeof pydata.l.map}}', { l: [] })).toBe('undefined');
  });

  it('shows data that is named like a prototype’s members', () => {
    const data = JSON.parse(
      '{"__proto__": {"a": 1}, "toString": "x", "constructor": "c"}',
    ) as unknown;
    expect(
      renderTemplate('{{=pydata.__proto__.a}}{{=pydata.toString}}{{=pydata.constructor}}', data),
    ).toBe('1xc');
    expect(renderTemplate('{{=pydata}}', data)).toBe('[object Object]');
  });

  it('does not change the data', () => {
    const data = Object.freeze({ l: Object.freeze(['b', 'a']) });
    expect(renderTemplate('{{=pydata.l.sort()}} {{=pydata.l.reverse()}} {{=pydata.l}}', data)).toBe(
      'a,b a,b b,a',
    );
  });

  const costly: [string, string][] = [
    [
      'loops in loops',
      '{{~pydata.l:a}}{{~pydata.l:b}}{{~pydata.l:c}}{{~pydata.l:d}}x{{~}}{{~}}{{~}}{{~}}',
    ],
    ['a text that doubles', `{{ var s = "xxxxxxxx"; }}${'{{ var s = s + s; }}'.repeat(30)}{{=s}}`],
    [
      'a list that holds itself often',
      `{{ var l = []; }}${'{{ var l = [l, l, l]; }}'.repeat(60)}{{=l}}`,
    ],
    [
      'its JSON',
      `{{ var l = [1]; }}${'{{ var l = [l, l, l]; }}'.repeat(60)}{{=JSON.stringify(l)}}`,
    ],
    ['definitions that grow', `{{##def.a:${'{{#def.a}}'.repeat(9)}#}}{{#def.a}}`],
    ['a function that calls itself', '{{ var f = x => f(x); }}{{=f(1)}}'],
    ['parentheses', `{{=${'('.repeat(5000)}1${')'.repeat(5000)}}}`],
    ['negations', `{{=${'!'.repeat(9000)}1}}`],
    ['blocks', '{{?1}}'.repeat(5000)],
    ['a long chain', `{{=1${'+1'.repeat(5000)}}}`],
    ['a long expression', `{{="${'x'.repeat(LIMITS.sourceChars)}"}}`],
  ];
  it.each(costly)('is stopped early: %s', (_, template) => {
    const data = { l: Array.from({ length: 200 }, (_, i) => i) };
    const begin = performance.now();
    expect(() => renderTemplate(template, data)).toThrow(TemplateError);
    expect(performance.now() - begin).toBeLessThan(10_000);
  });
});
