/** A link to a file of another server, as the page has for its web fonts. */
const OUTSIDE_LINK = /<link\b[^>]*\bhref="(?:https?:)?\/\/[^>]*>/gi;

/** The page without what it would fetch from other servers; it has a plain font to fall back on. */
export function withoutOutsideLinks(html: string): string {
  return html.replaceAll(OUTSIDE_LINK, '');
}
