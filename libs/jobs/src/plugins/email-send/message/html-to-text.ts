const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  copy: '©',
  euro: '€',
  gt: '>',
  hellip: '…',
  laquo: '«',
  ldquo: '“',
  lsquo: '‘',
  lt: '<',
  mdash: '—',
  nbsp: ' ',
  ndash: '–',
  quot: '"',
  raquo: '»',
  rdquo: '”',
  rsquo: '’',
};

/** Their content is for programs. */
const HIDDEN = new Set(['head', 'script', 'style', 'template', 'title']);
const PARAGRAPHS = new Set([
  'blockquote',
  'h1',
  'h2',
  'h3',
  'h4',
  'h5',
  'h6',
  'ol',
  'p',
  'pre',
  'table',
  'ul',
]);
const LINES = new Set(['address', 'article', 'br', 'div', 'footer', 'header', 'hr', 'li', 'section', 'tr']);
const CELLS = new Set(['td', 'th']);
const TAG = /^<(\/?)([a-z][a-z0-9]*)/i;
const HREF = /\shref\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s>]+))/i;

/**
 * The words of an HTML page, for those who read mail as text: paragraphs apart, `- ` before items, addresses of links in
 * brackets behind them. Looks at each character once, whatever the page is made of.
 */
export function htmlToText(html: string): string {
  const writer = new TextWriter();
  let at = 0;
  while (at < html.length) {
    const open = html.indexOf('<', at);
    writer.words(html.slice(at, open === -1 ? html.length : open));
    if (open === -1) break;
    at = passTag(html, open, writer);
  }
  return writer.finish();
}

/** Handles what begins with `<`. @returns the place behind it */
function passTag(html: string, open: number, writer: TextWriter): number {
  if (html.startsWith('<!--', open)) return behind(html, '-->', open + 4);
  const end = behind(html, '>', open);
  const tag = html.slice(open, end);
  const [, slash, name = ''] = TAG.exec(tag) ?? [];
  const element = name.toLowerCase();
  if (element === '' && !/^<[!?/]/.test(tag)) {
    writer.words('<');
    return open + 1;
  }
  if (slash === '/') writer.closes(element);
  else if (HIDDEN.has(element)) return behindElement(html, element, end);
  else writer.opens(element, tag);
  return end;
}

function behind(html: string, mark: string, from: number): number {
  const found = html.indexOf(mark, from);
  return found === -1 ? html.length : found + mark.length;
}

function behindElement(html: string, element: string, from: number): number {
  const closing = new RegExp(`</${element}`, 'gi');
  closing.lastIndex = from;
  return closing.exec(html) ? behind(html, '>', closing.lastIndex) : html.length;
}

/** Puts words together with as much space between them as the elements around them ask for. */
class TextWriter {
  private readonly parts: string[] = [];
  /** The link that is open. There is no link in a link. */
  private link: { address: string; from: number } | undefined;
  /** What is due before the next word. */
  private gap: '' | ' ' | '\n' | '\n\n' = '';

  words(html: string): void {
    const text = decodeEntities(html);
    if (/^\s/.test(text)) this.widen(' ');
    const words = text.trim().replace(/\s+/g, ' ');
    if (words === '') return;
    if (this.parts.length > 0) this.parts.push(this.gap);
    this.gap = '';
    this.parts.push(words);
    if (/\s$/.test(text)) this.widen(' ');
  }

  opens(element: string, tag: string): void {
    this.space(element);
    if (element === 'li') this.words('- ');
    if (element !== 'a') return;
    const [, quoted, single, bare] = HREF.exec(tag) ?? [];
    const address = decodeEntities(quoted ?? single ?? bare ?? '').trim();
    this.link = { address, from: this.parts.length };
  }

  closes(element: string): void {
    if (element === 'a') this.endLink();
    else this.space(element);
  }

  finish(): string {
    return this.parts.join('');
  }

  private endLink(): void {
    const { link } = this;
    this.link = undefined;
    if (!link || !/^(https?|mailto|tel):/i.test(link.address)) return;
    const shown = this.parts.slice(link.from).join('').trim();
    const plain = link.address.replace(/^(mailto|tel):/i, '');
    if (shown === link.address || shown === plain) return;
    const { gap } = this;
    this.gap = shown === '' ? gap : ' ';
    this.words(shown === '' ? plain : `(${plain})`);
    if (shown !== '') this.gap = gap;
  }

  private space(element: string): void {
    if (PARAGRAPHS.has(element)) this.widen('\n\n');
    else if (LINES.has(element)) this.widen('\n');
    else if (CELLS.has(element)) this.widen(' ');
  }

  private widen(gap: ' ' | '\n' | '\n\n'): void {
    if (gap.length > this.gap.length || (gap === '\n' && this.gap === ' ')) this.gap = gap;
  }
}

function decodeEntities(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([0-9a-f]{1,6})|([a-z]{2,8}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return NAMED[(name as string).toLowerCase()] ?? whole;
    const code = decimal === undefined ? parseInt(hex as string, 16) : Number(decimal);
    return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '';
  });
}
