// Fills a rule's text with what the rule found: the templates of upstream's front ends (doT, with
// the details as `pydata`), interpreted without running anything; see expression.ts.
//
//   {{=pydata.name}}  {{!pydata.name}}             a value; a value as HTML
//   {{?cond}} … {{??cond}} … {{??}} … {{?}}        if, else if, else, end
//   {{~pydata.list :item:index}} … {{~}}           for each; nothing for a list that is absent
//   {{ for (var k in pydata.map) { }} … {{ } }}    also `for (… of …)`, if/else and `var x = …;`
//   {{##def.a:text#}} {{#def.a}}                   a definition and its use
//
// What is no complete tag is text. A text that cannot be rendered throws TemplateError, and the
// caller shows it raw.
import type { Node } from './expression';
import {
  Budget,
  LIMITS,
  Scope,
  TemplateError,
  evaluate,
  parseExpression,
  toText,
} from './expression';

export { TemplateError } from './expression';

type Part =
  | { kind: 'text'; text: string }
  | { kind: 'value'; value: Node; html: boolean }
  | { kind: 'if'; branches: { test: Node | null; body: Part[] }[] }
  | { kind: 'each'; list: Node; item: string; index: string | null; body: Part[] }
  | { kind: 'keys'; object: Node; name: string; values: boolean; body: Part[] }
  | { kind: 'let'; name: string; value: Node };

// What ends or continues a block: the tags that `block` hands back to whom it reads for.
type Mark =
  | { kind: 'end' }
  | { kind: 'endif' }
  | { kind: 'else'; test: Node | null }
  | { kind: 'endeach' }
  | { kind: 'close' }
  | { kind: 'closeelse'; test: Node | null };

// In the order in which doT looks for them. Each is tried where a `{{` stands.
const VALUE = /\{\{([=!])([\s\S]+?)\}\}/y;
const CONDITION = /\{\{\?(\?)?\s*([\s\S]*?)\s*\}\}/y;
const EACH = /\{\{~\s*(?:\}\}|((?:(?!\}\})[\s\S])+?)\s*:\s*([\w$]+)\s*(?::\s*([\w$]+))?\s*\}\})/y;
const CODE = /\{\{([\s\S]+?\}*)\}\}/y;

const FOR = /^for\s*\(\s*(?:var|let|const)?\s*([\w$]+)\s+(in|of)\s+([\s\S]+)\)\s*\{$/;
const IF = /^if\s*\(([\s\S]+)\)\s*\{$/;
const ELSE = /^\}\s*else\s*(?:if\s*\(([\s\S]+)\)\s*)?\{$/;
const LET = /^(?:var|let|const)\s+([\w$]+)\s*=(?!=)\s*([\s\S]+?)\s*;?$/;

class Reader {
  private at = 0;
  private depth = 0;

  constructor(private readonly source: string) {}

  whole(): Part[] {
    const { parts, mark } = this.block();
    if (mark.kind !== 'end') throw new TemplateError('a tag ends a block that was never begun');
    return parts;
  }

  private block(): { parts: Part[]; mark: Mark } {
    this.depth += 1;
    if (this.depth > LIMITS.nesting) throw new TemplateError('nested too deeply');
    const parts: Part[] = [];
    for (;;) {
      const closed = this.source.indexOf('}}', this.at) >= 0;
      const open = closed ? this.source.indexOf('{{', this.at) : -1;
      this.text(parts, open < 0 ? this.source.length : open);
      const found = open < 0 ? ({ kind: 'end' } as const) : this.tag(parts);
      if (found) {
        this.depth -= 1;
        return { parts, mark: found };
      }
    }
  }

  private text(parts: Part[], to: number): void {
    if (to > this.at) parts.push({ kind: 'text', text: this.source.slice(this.at, to) });
    this.at = to;
  }

  private match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.at;
    const found = pattern.exec(this.source);
    if (found) this.at = pattern.lastIndex;
    return found;
  }

  private tag(parts: Part[]): Mark | null {
    let found = this.match(VALUE);
    if (found) {
      parts.push({ kind: 'value', value: parseExpression(found[2]!), html: found[1] === '!' });
      return null;
    }
    found = this.match(CONDITION);
    if (found) {
      const test = found[2] ? parseExpression(found[2]) : null;
      if (found[1]) return { kind: 'else', test };
      if (!test) return { kind: 'endif' };
      parts.push(this.conditional(test, 'endif', 'else'));
      return null;
    }
    found = this.match(EACH);
    if (found) {
      if (!found[1]) return { kind: 'endeach' };
      const list = parseExpression(found[1]);
      const body = this.body('endeach');
      parts.push({ kind: 'each', list, item: found[2]!, index: found[3] ?? null, body });
      return null;
    }
    found = this.match(CODE);
    if (found) return this.statement(parts, found[1]!.trim());
    // Two braces that begin no tag.
    this.text(parts, this.at + 2);
    return null;
  }

  private statement(parts: Part[], code: string): Mark | null {
    if (code === '}') return { kind: 'close' };
    let found = code.match(ELSE);
    if (found) return { kind: 'closeelse', test: found[1] ? parseExpression(found[1]) : null };
    found = code.match(IF);
    if (found) {
      parts.push(this.conditional(parseExpression(found[1]!), 'close', 'closeelse'));
      return null;
    }
    found = code.match(FOR);
    if (found) {
      const object = parseExpression(found[3]!);
      const body = this.body('close');
      parts.push({ kind: 'keys', object, name: found[1]!, values: found[2] === 'of', body });
      return null;
    }
    found = code.match(LET);
    if (found) {
      parts.push({ kind: 'let', name: found[1]!, value: parseExpression(found[2]!) });
      return null;
    }
    throw new TemplateError(`unknown statement ${JSON.stringify(code.slice(0, 60))}`);
  }

  private conditional(test: Node, end: Mark['kind'], next: 'else' | 'closeelse'): Part {
    const branches: { test: Node | null; body: Part[] }[] = [];
    let current: Node | null = test;
    for (;;) {
      const { parts, mark } = this.block();
      branches.push({ test: current, body: parts });
      if (mark.kind === end) return { kind: 'if', branches };
      if (mark.kind !== next || !('test' in mark))
        throw new TemplateError('a condition is not closed');
      current = mark.test;
    }
  }

  private body(end: Mark['kind']): Part[] {
    const { parts, mark } = this.block();
    if (mark.kind !== end) throw new TemplateError('a loop is not closed');
    return parts;
  }
}

// `{{##def.a:text#}}` and `{{#def.a}}`: put in before anything else is read.
function expandDefinitions(source: string): string {
  const texts = new Map<string, string>();
  let expanded = source.replace(
    /\{\{##\s*([\w.$]+)\s*[:=]([\s\S]*?)#\}\}/g,
    (_, name: string, text: string) => {
      texts.set(name, text);
      return '';
    },
  );
  // A definition may use others; one that uses itself meets the limit.
  for (let round = 0; texts.size > 0 && round < LIMITS.nesting; round += 1) {
    const before = expanded;
    expanded = expanded.replace(
      /\{\{#\s*([\w.$]+)\s*\}\}/g,
      (tag, name: string) => texts.get(name) ?? tag,
    );
    if (expanded.length > LIMITS.outputChars) throw new TemplateError('text too long');
    if (expanded === before) break;
  }
  return expanded;
}

function escapeHtml(text: string): string {
  const entities: Record<string, string> = {
    '&': '&#38;',
    '<': '&#60;',
    '>': '&#62;',
    '"': '&#34;',
    "'": '&#39;',
    '/': '&#47;',
  };
  return text.replace(/&(?!#?\w+;)|[<>"'/]/g, (c) => entities[c]!);
}

export type Escape = (value: string) => string;

class Writer {
  private readonly out: string[] = [];
  private chars = 0;
  private readonly budget = new Budget();

  constructor(private readonly escape: Escape) {}

  result(): string {
    return this.out.join('');
  }

  private put(text: string): void {
    this.chars += text.length;
    if (this.chars > LIMITS.outputChars) throw new TemplateError('text too long');
    this.out.push(text);
  }

  // Literals of the template are the author's own Markdown; all else is data and is escaped.
  private inserted(node: Node, scope: Scope): string {
    if (node.kind === 'literal' && typeof node.value === 'string') return node.value;
    if (node.kind === 'conditional') {
      return this.inserted(
        evaluate(node.test, scope, this.budget) ? node.then : node.otherwise,
        scope,
      );
    }
    if (node.kind === 'binary' && node.operator === '+') {
      const whole = evaluate(node, scope, this.budget);
      if (typeof whole === 'string') {
        return this.inserted(node.left, scope) + this.inserted(node.right, scope);
      }
      return toText(whole, this.budget);
    }
    const value = evaluate(node, scope, this.budget);
    const text = toText(value, this.budget);
    return typeof value === 'string' || Array.isArray(value) ? this.escape(text) : text;
  }

  write(parts: Part[], scope: Scope): void {
    for (const part of parts) {
      this.budget.spend();
      switch (part.kind) {
        case 'text':
          this.put(part.text);
          break;
        case 'value':
          if (part.html) {
            const value = evaluate(part.value, scope, this.budget);
            if (value) this.put(escapeHtml(this.inserted(part.value, scope)));
          } else {
            this.put(this.inserted(part.value, scope));
          }
          break;
        case 'if': {
          const taken = part.branches.find((x) => !x.test || evaluate(x.test, scope, this.budget));
          if (taken) this.write(taken.body, scope);
          break;
        }
        case 'each': {
          const list = evaluate(part.list, scope, this.budget);
          if (!list) break;
          const items = typeof list === 'string' || Array.isArray(list) ? list : [];
          for (let i = 0; i < items.length; i += 1) {
            const inner = new Scope(scope);
            inner.set(part.item, items[i]);
            if (part.index) inner.set(part.index, i);
            this.write(part.body, inner);
          }
          break;
        }
        case 'keys': {
          const object = evaluate(part.object, scope, this.budget);
          if (part.values && !Array.isArray(object)) throw new TemplateError('`of` needs a list');
          if (typeof object !== 'object' || object === null) break;
          for (const value of part.values ? Object.values(object) : Object.keys(object)) {
            const inner = new Scope(scope);
            inner.set(part.name, value);
            this.write(part.body, inner);
          }
          break;
        }
        case 'let':
          scope.set(part.name, evaluate(part.value, scope, this.budget));
      }
    }
  }
}

/**
 * Renders `template` over `data`. Strings from the data go through `escape`, so that what a cluster
 * reports is shown as it is and not taken for Markdown.
 */
export function renderTemplate(template: string, data: unknown, escape: Escape = (x) => x): string {
  try {
    const scope = new Scope();
    scope.set('pydata', data);
    const writer = new Writer(escape);
    writer.write(new Reader(expandDefinitions(template)).whole(), scope);
    return writer.result();
  } catch (error) {
    if (error instanceof RangeError) throw new TemplateError('nested too deeply');
    throw error;
  }
}

/** What upstream's front ends escape in data: `*`, `~`, and `_` at the edge of a word. */
export function escapeAsUpstream(value: string): string {
  return value.replace(/[*~]|(?<!\w)_|_(?!\w)/g, (c) => `\\${c}`);
}
