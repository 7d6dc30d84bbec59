// Markdown to HTML that is safe to put into the page, whoever wrote the text and whatever a cluster
// reported. Three walls: the server escapes data where it fills a text in, HTML passes a white list
// here, and the page's policy (vite.config.ts) runs no script and loads no picture from elsewhere.
import DOMPurify from 'dompurify';
import type { Token, Tokens } from 'marked';
import { Marked } from 'marked';

const HEADING_LEVEL_MAX = 6;

// The text's headings follow that of the page's section without a gap, whatever levels it uses.
function renumberHeadings(tokens: Token[], firstLevel: number): void {
  const headings = tokens.filter((x): x is Tokens.Heading => x.type === 'heading');
  const depths = [...new Set(headings.map((x) => x.depth))].sort();
  const seen: number[] = [];
  for (const heading of headings) {
    // Never more than one below the heading before it.
    const wanted = depths.indexOf(heading.depth);
    const level = Math.min(wanted, (seen.at(-1) ?? -1) + 1);
    seen.push(level);
    heading.depth = Math.min(firstLevel + level, HEADING_LEVEL_MAX);
  }
}

const parser = new Marked({ gfm: true, async: false });

const ALLOWED_TAGS = (
  'a abbr b blockquote br caption code dd del details div dl dt em h1 h2 h3 h4 h5 h6 hr i ins kbd li ' +
  'mark ol p pre q s samp small span strike strong sub summary sup table tbody td tfoot th thead tr u ul var'
).split(' ');

const purify = DOMPurify();
purify.addHook('afterSanitizeAttributes', (node) => {
  if (node.tagName !== 'A') return;
  if (!node.getAttribute('href')) {
    node.removeAttribute('href');
    return;
  }
  node.setAttribute('target', '_blank');
  node.setAttribute('rel', 'noopener noreferrer');
});

/** `headingLevel`: that of the text's first heading, one below the section it stands in. */
export function renderMarkdown(text: string, headingLevel = 4): string {
  const tokens = parser.lexer(text);
  renumberHeadings(tokens, headingLevel);
  return purify.sanitize(parser.parser(tokens), {
    ALLOWED_TAGS,
    ALLOWED_ATTR: ['href', 'title', 'colspan', 'rowspan', 'start', 'open'],
    ALLOWED_URI_REGEXP: /^https:\/\//i,
    ALLOW_DATA_ATTR: false,
    ALLOW_ARIA_ATTR: false,
  });
}
