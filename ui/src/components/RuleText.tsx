// A rule's texts and what it found, as a reader sees them.
import {
  Alert,
  Button,
  CodeBlock,
  CodeBlockCode,
  Content,
  DescriptionList,
  DescriptionListDescription,
  DescriptionListGroup,
  DescriptionListTerm,
  List,
  ListItem,
} from '@patternfly/react-core';
import { Table, Tbody, Td, Th, Thead, Tr } from '@patternfly/react-table';
import { useMemo, useState } from 'react';
import { renderMarkdown } from '../lib/markdown';

export function Markdown({ text, headingLevel }: { text: string; headingLevel?: number }) {
  const html = useMemo(() => renderMarkdown(text, headingLevel), [text, headingLevel]);
  return (
    <Content
      className="insightd-markdown insightd-break"
      dangerouslySetInnerHTML={{ __html: html }}
    />
  );
}

/** A rule's generic text, or that it has none. */
export function Generic({ text }: { text: string }) {
  if (text) return <Markdown text={text} headingLevel={2} />;
  return (
    <Content component="p">
      This recommendation has no text yet. The page of an affected cluster lists what was found
      there.
    </Content>
  );
}

/** A text that the server has filled in; as its author wrote it when that failed. */
export function FilledText({ text, failure }: { text: string; failure: string | undefined }) {
  if (failure === undefined) return <Markdown text={text} />;
  return (
    <>
      <Alert
        variant="danger"
        isInline
        title="Sorry, there was an error rendering the content correctly."
      >
        {failure}. The text as its author wrote it:
      </Alert>
      <CodeBlock>
        <CodeBlockCode>{text}</CodeBlockCode>
      </CodeBlock>
    </>
  );
}

// What every rule's details have and no reader needs.
const OWN_KEYS = new Set(['type', 'error_key']);
const SHOWN_MAX = 20;
const DEPTH_MAX = 6;
// A name or a time: not broken, so that a long text beside it does not squeeze it.
const WHOLE_CHARS_MAX = 30;

function isMap(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isPlain(value: unknown): boolean {
  return typeof value !== 'object' || value === null;
}

/** As the rule spells it: words made of it would be guesses. */
function FieldName({ name }: { name: string }) {
  return <code>{name}</code>;
}

function Scalar({ value }: { value: unknown }) {
  if (value === null || value === undefined || value === '')
    return <span className="insightd-none">none</span>;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'number')
    return <>{Number.isInteger(value) ? value : Number(value.toFixed(3))}</>;
  const text = String(value);
  const isShort = text.length <= WHOLE_CHARS_MAX;
  return <span className={isShort ? 'insightd-whole' : 'insightd-break insightd-pre'}>{text}</span>;
}

/** A list shown up to a bound, the rest on request. */
function useSome<T>(items: readonly T[]): { some: readonly T[]; more: React.ReactNode } {
  const [all, setAll] = useState(false);
  const hidden = items.length - SHOWN_MAX;
  if (all || hidden <= 0) return { some: items, more: null };
  return {
    some: items.slice(0, SHOWN_MAX),
    more: (
      <Button variant="link" isInline onClick={() => setAll(true)}>
        Show {hidden} more
      </Button>
    ),
  };
}

function DetailTable({ label, rows }: { label: string; rows: readonly Record<string, unknown>[] }) {
  const keys = [...new Set(rows.flatMap((x) => Object.keys(x)))];
  const { some, more } = useSome(rows);
  return (
    <>
      <Table aria-label={label} variant="compact" borders={false}>
        <Thead>
          <Tr>
            {keys.map((key) => (
              <Th key={key}>
                <FieldName name={key} />
              </Th>
            ))}
          </Tr>
        </Thead>
        <Tbody>
          {some.map((row, i) => (
            <Tr key={i}>
              {keys.map((key) => (
                <Td key={key} dataLabel={key} modifier="breakWord">
                  <Scalar value={row[key]} />
                </Td>
              ))}
            </Tr>
          ))}
        </Tbody>
      </Table>
      {more}
    </>
  );
}

function DetailList({
  label,
  items,
  depth,
}: {
  label: string;
  items: readonly unknown[];
  depth: number;
}) {
  const { some, more } = useSome(items);
  return (
    <>
      <List>
        {some.map((item, i) => (
          <ListItem key={i}>
            <Detail label={`${label} ${i + 1}`} value={item} depth={depth + 1} />
          </ListItem>
        ))}
      </List>
      {more}
    </>
  );
}

const TABLE_COLUMNS_MAX = 8;

function Detail({ label, value, depth }: { label: string; value: unknown; depth: number }) {
  if (isPlain(value)) return <Scalar value={value} />;
  if (depth > DEPTH_MAX) return <code className="insightd-break">{JSON.stringify(value)}</code>;
  if (isMap(value)) {
    return Object.keys(value).length === 0 ? (
      <Scalar value={null} />
    ) : (
      <DetailMap map={value} depth={depth + 1} />
    );
  }
  const items = value as unknown[];
  if (items.length === 0) return <Scalar value={null} />;
  const isTable =
    items.every((x) => isMap(x) && Object.values(x).every(isPlain)) &&
    new Set(items.flatMap((x) => Object.keys(x as object))).size <= TABLE_COLUMNS_MAX;
  if (isTable) return <DetailTable label={label} rows={items as Record<string, unknown>[]} />;
  return <DetailList label={label} items={items} depth={depth} />;
}

function DetailMap({ map, depth }: { map: Record<string, unknown>; depth: number }) {
  return (
    <DescriptionList isCompact orientation={{ lg: 'horizontal' }}>
      {Object.entries(map).map(([key, value]) => (
        <DescriptionListGroup key={key}>
          <DescriptionListTerm>
            <FieldName name={key} />
          </DescriptionListTerm>
          <DescriptionListDescription>
            <Detail label={key} value={value} depth={depth} />
          </DescriptionListDescription>
        </DescriptionListGroup>
      ))}
    </DescriptionList>
  );
}

/** What a rule found, for a rule without a text of its own. */
export function Details({ data }: { data: Record<string, unknown> }) {
  const own = Object.fromEntries(Object.entries(data).filter(([key]) => !OWN_KEYS.has(key)));
  if (Object.keys(own).length === 0) {
    return (
      <Content component="p">The rule found its condition true; it has no details to show.</Content>
    );
  }
  return <DetailMap map={own} depth={0} />;
}
