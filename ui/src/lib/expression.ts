// The expressions inside a template's tags: the part of JavaScript that rule texts use, read into a
// tree and evaluated by us. Nothing is ever handed to the browser to run, so a text from a foreign
// rule pack can show data and nothing else: it reaches own members of the data, the methods and
// functions listed below, and no prototype. Work is bounded by a budget, not by time.

export class TemplateError extends Error {}

export type Node =
  | { kind: 'literal'; value: unknown }
  | { kind: 'name'; name: string }
  | { kind: 'array'; items: Node[] }
  | { kind: 'member'; object: Node; key: Node; optional: boolean }
  | { kind: 'call'; callee: Node; args: Node[]; optional: boolean }
  | { kind: 'unary'; operator: string; operand: Node }
  | { kind: 'binary'; operator: string; left: Node; right: Node }
  | { kind: 'logical'; operator: string; left: Node; right: Node }
  | { kind: 'conditional'; test: Node; then: Node; otherwise: Node }
  | { kind: 'arrow'; parameters: string[]; body: Node };

/** What one rendering may cost. A text at these limits shows nothing that a person would read. */
export const LIMITS = {
  steps: 500_000,
  outputChars: 1_000_000,
  nesting: 100,
  sourceChars: 20_000,
} as const;

export class Budget {
  private steps: number = LIMITS.steps;

  spend(steps = 1): void {
    this.steps -= steps;
    if (this.steps < 0) throw new TemplateError(`more than ${LIMITS.steps} steps`);
  }
}

/** Names and their values; an inner scope sees the outer one. */
export class Scope {
  private readonly values = new Map<string, unknown>();

  constructor(private readonly outer?: Scope) {}

  set(name: string, value: unknown): void {
    this.values.set(name, value);
  }

  get(name: string): unknown {
    if (this.values.has(name)) return this.values.get(name);
    if (this.outer) return this.outer.get(name);
    throw new TemplateError(`${name} is not defined`);
  }
}

// ---- reading ------------------------------------------------------------------------------------

type Token = { type: 'number' | 'text' | 'name' | 'operator' | 'end'; text: string };

const OPERATORS = /^(===|!==|=>|==|!=|<=|>=|&&|\|\||\?\?|\?\.(?!\d)|[-+*/%<>!?:.,()[\]])/;
const ESCAPES: Record<string, string> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  v: '\v',
  '0': '\0',
};

function unescape(body: string): string {
  return body.replace(
    /\\(?:u\{([0-9a-f]{1,6})\}|u([0-9a-f]{4})|x([0-9a-f]{2})|([\s\S]))/gi,
    (_, a, b, c, d) => {
      const hex = a ?? b ?? c;
      if (hex === undefined) return ESCAPES[d] ?? d;
      const point = parseInt(hex, 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : '\ufffd';
    },
  );
}

function tokenize(source: string): Token[] {
  if (source.length > LIMITS.sourceChars) throw new TemplateError('expression too long');
  const tokens: Token[] = [];
  let rest = source;
  while ((rest = rest.trimStart()) !== '') {
    let match: RegExpMatchArray | null;
    if ((match = rest.match(/^(0[xX][0-9a-fA-F]+|(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?)/))) {
      tokens.push({ type: 'number', text: match[0] });
    } else if ((match = rest.match(/^'((?:[^'\\]|\\[\s\S])*)'|^"((?:[^"\\]|\\[\s\S])*)"/))) {
      tokens.push({ type: 'text', text: unescape(match[1] ?? match[2] ?? '') });
    } else if ((match = rest.match(/^[\p{ID_Start}_$][\p{ID_Continue}$]*/u))) {
      tokens.push({ type: 'name', text: match[0] });
    } else if ((match = rest.match(OPERATORS))) {
      tokens.push({ type: 'operator', text: match[0] });
    } else {
      throw new TemplateError(`unexpected ${JSON.stringify(rest.slice(0, 20))}`);
    }
    rest = rest.slice(match[0].length);
  }
  tokens.push({ type: 'end', text: 'the end' });
  return tokens;
}

// Weakest first; `??` shares the level of `||`, which is close enough to JavaScript's separation.
const BINARY: string[][] = [
  ['||', '??'],
  ['&&'],
  ['==', '!=', '===', '!=='],
  ['<', '<=', '>', '>=', 'in'],
  ['+', '-'],
  ['*', '/', '%'],
];

class Parser {
  private at = 0;
  private depth = 0;

  constructor(private readonly tokens: Token[]) {}

  whole(): Node {
    const node = this.expression();
    if (this.peek().type !== 'end') throw new TemplateError(`unexpected ${this.peek().text}`);
    return node;
  }

  private peek(ahead = 0): Token {
    return this.tokens[Math.min(this.at + ahead, this.tokens.length - 1)]!;
  }

  private next(): Token {
    const token = this.peek();
    this.at += 1;
    return token;
  }

  private isOperator(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.type === 'operator' && token.text === text;
  }

  private accept(text: string): boolean {
    if (!this.isOperator(text)) return false;
    this.at += 1;
    return true;
  }

  private expect(text: string): void {
    if (!this.accept(text)) throw new TemplateError(`expected ${text} before ${this.peek().text}`);
  }

  private nested<T>(read: () => T): T {
    this.depth += 1;
    if (this.depth > LIMITS.nesting) throw new TemplateError('nested too deeply');
    const result = read();
    this.depth -= 1;
    return result;
  }

  private expression(): Node {
    return this.nested(() => {
      const parameters = this.arrowParameters();
      if (parameters) return { kind: 'arrow', parameters, body: this.expression() };
      const test = this.binary(0);
      if (!this.accept('?')) return test;
      const then = this.expression();
      this.expect(':');
      return { kind: 'conditional', test, then, otherwise: this.expression() };
    });
  }

  // `x =>` or `(x, y) =>`; reads nothing when it is neither.
  private arrowParameters(): string[] | null {
    if (this.peek().type === 'name' && this.isOperator('=>', 1)) {
      const name = this.next().text;
      this.next();
      return [name];
    }
    if (!this.isOperator('(')) return null;
    const names: string[] = [];
    let ahead = 1;
    while (this.peek(ahead).type === 'name') {
      names.push(this.peek(ahead).text);
      ahead += 1;
      if (this.isOperator(',', ahead)) ahead += 1;
      else break;
    }
    if (!this.isOperator(')', ahead) || !this.isOperator('=>', ahead + 1)) return null;
    this.at += ahead + 2;
    return names;
  }

  private binary(level: number): Node {
    const operators = BINARY[level];
    if (!operators) return this.unary();
    let left = this.binary(level + 1);
    for (let links = 0; ; links += 1) {
      const token = this.peek();
      if (token.type === 'end' || token.type === 'text' || !operators.includes(token.text))
        return left;
      // A chain becomes a tree as deep as it is long, and is evaluated by recursion.
      if (links > LIMITS.nesting) throw new TemplateError('too many operators in a row');
      this.next();
      const right = this.binary(level + 1);
      const kind = level < 2 ? 'logical' : 'binary';
      left = { kind, operator: token.text, left, right };
    }
  }

  private unary(): Node {
    const token = this.peek();
    const isUnary =
      (token.type === 'operator' && ['!', '-', '+'].includes(token.text)) ||
      (token.type === 'name' && token.text === 'typeof');
    if (!isUnary) return this.postfix();
    this.next();
    return { kind: 'unary', operator: token.text, operand: this.nested(() => this.unary()) };
  }

  private postfix(): Node {
    let node = this.primary();
    for (let links = 0; ; links += 1) {
      if (links > LIMITS.nesting) throw new TemplateError('too many members in a row');
      if (this.accept('.')) {
        node = { kind: 'member', object: node, key: this.memberName(), optional: false };
      } else if (this.accept('?.')) {
        if (this.accept('[')) {
          node = { kind: 'member', object: node, key: this.expression(), optional: true };
          this.expect(']');
        } else if (this.accept('(')) {
          node = { kind: 'call', callee: node, args: this.list(')'), optional: true };
        } else {
          node = { kind: 'member', object: node, key: this.memberName(), optional: true };
        }
      } else if (this.accept('[')) {
        node = { kind: 'member', object: node, key: this.expression(), optional: false };
        this.expect(']');
      } else if (this.accept('(')) {
        node = { kind: 'call', callee: node, args: this.list(')'), optional: false };
      } else {
        return node;
      }
    }
  }

  private memberName(): Node {
    const token = this.next();
    if (token.type !== 'name') throw new TemplateError(`expected a name before ${token.text}`);
    return { kind: 'literal', value: token.text };
  }

  private list(close: string): Node[] {
    const items: Node[] = [];
    while (!this.accept(close)) {
      items.push(this.expression());
      if (!this.accept(',')) {
        this.expect(close);
        break;
      }
    }
    return items;
  }

  private primary(): Node {
    const token = this.next();
    if (token.type === 'number') return { kind: 'literal', value: Number(token.text) };
    if (token.type === 'text') return { kind: 'literal', value: token.text };
    if (token.type === 'name') {
      switch (token.text) {
        case 'true':
          return { kind: 'literal', value: true };
        case 'false':
          return { kind: 'literal', value: false };
        case 'null':
          return { kind: 'literal', value: null };
        case 'undefined':
          return { kind: 'literal', value: undefined };
        default:
          return { kind: 'name', name: token.text };
      }
    }
    if (token.type === 'operator' && token.text === '(') {
      const node = this.expression();
      this.expect(')');
      return node;
    }
    if (token.type === 'operator' && token.text === '[') {
      return { kind: 'array', items: this.list(']') };
    }
    throw new TemplateError(`unexpected ${token.text}`);
  }
}

export function parseExpression(source: string): Node {
  return new Parser(tokenize(source)).whole();
}

// ---- values -------------------------------------------------------------------------------------

class Callable {
  constructor(readonly call: (args: unknown[], budget: Budget) => unknown) {}
}

/**
 * The text that JavaScript makes of a value, without asking the value's own methods. Pays for each
 * element, as a template can make lists that hold themselves many times over.
 */
export function toText(value: unknown, budget: Budget): string {
  budget.spend();
  if (Array.isArray(value)) return join(value, ',', budget);
  if (value instanceof Callable) return '[function]';
  if (typeof value === 'object' && value !== null) return '[object Object]';
  return String(value);
}

function join(list: unknown[], separator: string, budget: Budget): string {
  const parts = list.map((x) => (x === null || x === undefined ? '' : toText(x, budget)));
  const chars = parts.reduce((sum, x) => sum + x.length + separator.length, 0);
  if (chars > LIMITS.outputChars) throw new TemplateError('text too long');
  return parts.join(separator);
}

function toNumber(value: unknown, budget: Budget): number {
  return Number(primitive(value, budget));
}

function primitive(value: unknown, budget: Budget): unknown {
  return typeof value === 'object' && value !== null ? toText(value, budget) : value;
}

function looseEquals(left: unknown, right: unknown, budget: Budget): boolean {
  const bothObjects = typeof left === 'object' && typeof right === 'object';
  if (bothObjects || left == null || right == null) return left == right;
  return primitive(left, budget) == primitive(right, budget);
}

function bounded(text: string): string {
  if (text.length > LIMITS.outputChars) throw new TemplateError('text too long');
  return text;
}

function callback(value: unknown, budget: Budget): (...args: unknown[]) => unknown {
  if (!(value instanceof Callable))
    throw new TemplateError('expected a function such as x => x.name');
  return (...args) => value.call(args, budget);
}

// What a method's arguments are read as.
class Args {
  constructor(
    private readonly args: unknown[],
    readonly budget: Budget,
  ) {}

  has(i: number): boolean {
    return this.args[i] !== undefined;
  }
  any(i: number): unknown {
    return this.args[i];
  }
  all(): unknown[] {
    return this.args;
  }
  text(i: number): string {
    return toText(this.args[i], this.budget);
  }
  number(i: number): number {
    return toNumber(this.args[i], this.budget);
  }
  index(i: number): number | undefined {
    return this.has(i) ? this.number(i) : undefined;
  }
  within(i: number, max: number): number {
    return Math.min(Math.max(this.number(i) || 0, 0), max);
  }
  callback(i: number): (...args: unknown[]) => unknown {
    return callback(this.args[i], this.budget);
  }
}

type Method<T> = (self: T, a: Args) => unknown;

const TEXT_METHODS = new Map<string, Method<string>>([
  ['indexOf', (s, a) => s.indexOf(a.text(0), a.index(1))],
  ['lastIndexOf', (s, a) => s.lastIndexOf(a.text(0))],
  ['includes', (s, a) => s.includes(a.text(0), a.index(1))],
  ['startsWith', (s, a) => s.startsWith(a.text(0))],
  ['endsWith', (s, a) => s.endsWith(a.text(0))],
  ['toUpperCase', (s) => s.toUpperCase()],
  ['toLowerCase', (s) => s.toLowerCase()],
  ['trim', (s) => s.trim()],
  ['charAt', (s, a) => s.charAt(a.index(0) ?? 0)],
  ['slice', (s, a) => s.slice(a.index(0), a.index(1))],
  ['substring', (s, a) => s.substring(a.index(0) ?? 0, a.index(1))],
  [
    'substr',
    (s, a) => {
      const start = a.index(0) ?? 0;
      const from = start < 0 ? Math.max(s.length + start, 0) : start;
      return a.has(1) ? s.slice(from, from + Math.max(a.number(1), 0)) : s.slice(from);
    },
  ],
  [
    'split',
    (s, a) => {
      a.budget.spend(s.length);
      return a.has(0) ? s.split(a.text(0)) : [s];
    },
  ],
  ['replace', (s, a) => bounded(s.replace(a.text(0), () => a.text(1)))],
  [
    'replaceAll',
    (s, a) => {
      const [from, to] = [a.text(0), a.text(1)];
      a.budget.spend(s.length);
      return join(s.split(from), to, a.budget);
    },
  ],
  ['concat', (s, a) => bounded(s + join(a.all(), '', a.budget))],
  ['toString', (s) => s],
]);

const LIST_METHODS = new Map<string, Method<unknown[]>>([
  ['indexOf', (l, a) => l.indexOf(a.any(0))],
  ['lastIndexOf', (l, a) => l.lastIndexOf(a.any(0))],
  ['includes', (l, a) => l.includes(a.any(0))],
  ['join', (l, a) => join(l, a.has(0) ? a.text(0) : ',', a.budget)],
  ['slice', (l, a) => l.slice(a.index(0), a.index(1))],
  ['concat', (l, a) => l.concat(...a.all())],
  ['map', (l, a) => l.map((x, i) => a.callback(0)(x, i))],
  ['filter', (l, a) => l.filter((x, i) => a.callback(0)(x, i))],
  ['some', (l, a) => l.some((x, i) => a.callback(0)(x, i))],
  ['every', (l, a) => l.every((x, i) => a.callback(0)(x, i))],
  ['find', (l, a) => l.find((x, i) => a.callback(0)(x, i))],
  [
    'sort',
    (l, a) => {
      if (a.has(0)) return [...l].sort((x, y) => toNumber(a.callback(0)(x, y), a.budget));
      const keyed = l.map((value) => ({ value, key: toText(value, a.budget) }));
      keyed.sort((x, y) => (x.key < y.key ? -1 : x.key > y.key ? 1 : 0));
      return keyed.map((x) => x.value);
    },
  ],
  ['reverse', (l) => [...l].reverse()],
  ['toString', (l, a) => toText(l, a.budget)],
]);

const NUMBER_METHODS = new Map<string, Method<number>>([
  ['toFixed', (n, a) => n.toFixed(a.within(0, 20))],
  ['toString', (n) => String(n)],
]);

function entriesOf(value: unknown): [string, unknown][] {
  if (value === null || value === undefined) throw new TemplateError('no object to list');
  return typeof value === 'object' && !(value instanceof Callable) ? Object.entries(value) : [];
}

// As JSON.stringify, but paid for.
function toJson(value: unknown, indent: number, budget: Budget): string {
  const pay = (x: unknown): void => {
    budget.spend();
    if (typeof x === 'object' && x !== null && !(x instanceof Callable))
      Object.values(x).forEach(pay);
  };
  pay(value);
  return bounded(String(JSON.stringify(value, null, indent)));
}

const FUNCTIONS = new Map<string, (a: Args) => unknown>([
  ['Object.keys', (a) => entriesOf(a.any(0)).map(([key]) => key)],
  ['Object.values', (a) => entriesOf(a.any(0)).map(([, value]) => value)],
  ['Object.entries', (a) => entriesOf(a.any(0))],
  ['Array.isArray', (a) => Array.isArray(a.any(0))],
  ['JSON.stringify', (a) => toJson(a.any(0), a.within(2, 8), a.budget)],
  ['Math.floor', (a) => Math.floor(a.number(0))],
  ['Math.ceil', (a) => Math.ceil(a.number(0))],
  ['Math.round', (a) => Math.round(a.number(0))],
  ['Math.abs', (a) => Math.abs(a.number(0))],
  ['Math.min', (a) => Math.min(...a.all().map((x) => toNumber(x, a.budget)))],
  ['Math.max', (a) => Math.max(...a.all().map((x) => toNumber(x, a.budget)))],
  ['Number', (a) => a.number(0)],
  ['String', (a) => a.text(0)],
  ['Boolean', (a) => Boolean(a.any(0))],
  ['parseInt', (a) => parseInt(a.text(0), a.index(1))],
  ['parseFloat', (a) => parseFloat(a.text(0))],
]);

function member(object: unknown, name: string): unknown {
  if (object === null || object === undefined) {
    throw new TemplateError(`cannot read ${name} of ${String(object)}`);
  }
  if (typeof object === 'string' || Array.isArray(object)) {
    if (name === 'length') return object.length;
    return /^\d+$/.test(name) ? object[Number(name)] : undefined;
  }
  if (typeof object === 'object' && !(object instanceof Callable) && Object.hasOwn(object, name)) {
    return (object as Record<string, unknown>)[name];
  }
  return undefined;
}

function methodOf(object: unknown, name: string): Callable | undefined {
  const bind = <T>(table: Map<string, Method<T>>, self: T) => {
    const method = table.get(name);
    return method && new Callable((args, budget) => method(self, new Args(args, budget)));
  };
  if (typeof object === 'string') return bind(TEXT_METHODS, object);
  if (Array.isArray(object)) return bind(LIST_METHODS, object);
  if (typeof object === 'number') return bind(NUMBER_METHODS, object);
  return undefined;
}

// `Object.keys` and the like, told by their spelling: there are no such objects here.
function builtIn(callee: Node): ((a: Args) => unknown) | undefined {
  if (callee.kind === 'name') return FUNCTIONS.get(callee.name);
  if (callee.kind === 'member' && callee.object.kind === 'name' && callee.key.kind === 'literal') {
    return FUNCTIONS.get(`${callee.object.name}.${String(callee.key.value)}`);
  }
  return undefined;
}

// ---- evaluation ---------------------------------------------------------------------------------

// What `a?.b.c` is when `a` is absent: the rest of the chain is passed over too.
const ABSENT = Symbol('absent');

function weight(value: unknown): number {
  return typeof value === 'string' ? value.length >> 6 : Array.isArray(value) ? value.length : 0;
}

function link(node: Node, scope: Scope, budget: Budget): unknown {
  if (node.kind === 'member') {
    const object = link(node.object, scope, budget);
    if (object === ABSENT) return ABSENT;
    if (node.optional && (object === null || object === undefined)) return ABSENT;
    budget.spend();
    return member(object, toText(evaluate(node.key, scope, budget), budget));
  }
  if (node.kind === 'call') {
    const { callee } = node;
    const known = builtIn(callee);
    if (known) {
      const args = node.args.map((x) => evaluate(x, scope, budget));
      budget.spend(1 + args.reduce<number>((sum, x) => sum + weight(x), 0));
      return known(new Args(args, budget));
    }
    let target: unknown;
    if (callee.kind === 'member') {
      const object = link(callee.object, scope, budget);
      if (object === ABSENT) return ABSENT;
      if (callee.optional && (object === null || object === undefined)) return ABSENT;
      const key = toText(evaluate(callee.key, scope, budget), budget);
      budget.spend(1 + weight(object));
      member(object, key);
      target = methodOf(object, key);
      if (target === undefined && !node.optional)
        throw new TemplateError(`there is no function ${key}`);
    } else {
      target = link(callee, scope, budget);
      if (target === ABSENT) return ABSENT;
    }
    if (node.optional && (target === null || target === undefined)) return ABSENT;
    if (!(target instanceof Callable))
      throw new TemplateError('called something that is no function');
    return target.call(
      node.args.map((x) => evaluate(x, scope, budget)),
      budget,
    );
  }
  return evaluate(node, scope, budget);
}

function binary(operator: string, left: unknown, right: unknown, budget: Budget): unknown {
  switch (operator) {
    case '==':
      return looseEquals(left, right, budget);
    case '!=':
      return !looseEquals(left, right, budget);
    case '===':
      return left === right;
    case '!==':
      return left !== right;
    case 'in':
      if (typeof right !== 'object' || right === null)
        throw new TemplateError('`in` needs an object');
      return Object.hasOwn(right, toText(left, budget));
  }
  const a = primitive(left, budget);
  const b = primitive(right, budget);
  if (operator === '+') {
    if (typeof a === 'string' || typeof b === 'string')
      return bounded(toText(a, budget) + toText(b, budget));
    return toNumber(a, budget) + toNumber(b, budget);
  }
  if (typeof a === 'string' && typeof b === 'string') {
    switch (operator) {
      case '<':
        return a < b;
      case '<=':
        return a <= b;
      case '>':
        return a > b;
      case '>=':
        return a >= b;
    }
  }
  const x = toNumber(a, budget);
  const y = toNumber(b, budget);
  switch (operator) {
    case '<':
      return x < y;
    case '<=':
      return x <= y;
    case '>':
      return x > y;
    case '>=':
      return x >= y;
    case '-':
      return x - y;
    case '*':
      return x * y;
    case '/':
      return x / y;
    default:
      return x % y;
  }
}

export function evaluate(node: Node, scope: Scope, budget: Budget): unknown {
  budget.spend();
  switch (node.kind) {
    case 'literal':
      return node.value;
    case 'name':
      return scope.get(node.name);
    case 'array':
      return node.items.map((x) => evaluate(x, scope, budget));
    case 'member':
    case 'call': {
      const value = link(node, scope, budget);
      return value === ABSENT ? undefined : value;
    }
    case 'unary': {
      const value = evaluate(node.operand, scope, budget);
      if (node.operator === '!') return !value;
      if (node.operator === 'typeof') return value instanceof Callable ? 'function' : typeof value;
      return node.operator === '-' ? -toNumber(value, budget) : toNumber(value, budget);
    }
    case 'logical': {
      const left = evaluate(node.left, scope, budget);
      if (
        node.operator === '&&'
          ? !left
          : node.operator === '||'
            ? left
            : left !== null && left !== undefined
      ) {
        return left;
      }
      return evaluate(node.right, scope, budget);
    }
    case 'binary': {
      const left = evaluate(node.left, scope, budget);
      const right = evaluate(node.right, scope, budget);
      budget.spend(weight(left) + weight(right));
      return binary(node.operator, left, right, budget);
    }
    case 'conditional':
      return evaluate(
        evaluate(node.test, scope, budget) ? node.then : node.otherwise,
        scope,
        budget,
      );
    case 'arrow':
      return new Callable((args, inner) => {
        inner.spend();
        const own = new Scope(scope);
        node.parameters.forEach((name, i) => own.set(name, args[i]));
        return evaluate(node.body, own, inner);
      });
  }
}
