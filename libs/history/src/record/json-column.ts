/** JSON's names for what PostgreSQL's jsonb cannot hold: U+0000, and halves of surrogate pairs. */
const ESCAPES = /\\(?:u([0-9a-fA-F]{4})|.)/g;
const REPLACEMENT = '\\ufffd';

/**
 * JSON text that PostgreSQL takes as jsonb: numbers stay as they were written, with all their digits. The character U+0000 and
 * broken Unicode, which jsonb cannot hold, become U+FFFD; a text that is no JSON becomes a JSON string.
 */
export function toJsonColumn(text: string): string {
  return withoutForbidden(isJson(text) ? text : JSON.stringify(text));
}

/** Text that PostgreSQL takes: without U+0000. */
export const toTextColumn = (text: string): string => text.replaceAll('\0', '\ufffd');

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function withoutForbidden(json: string): string {
  if (!json.includes('\\u')) return json;
  return json.replace(ESCAPES, (escape: string, hex: string | undefined, at: number) => {
    if (hex === undefined) return escape;
    const unit = Number.parseInt(hex, 16);
    if (unit === 0) return REPLACEMENT;
    if (unit >= 0xd800 && unit <= 0xdbff) return isLow(json.slice(at + 6, at + 12)) ? escape : REPLACEMENT;
    if (unit >= 0xdc00 && unit <= 0xdfff) return isHigh(json.slice(at - 6, at)) ? escape : REPLACEMENT;
    return escape;
  });
}

const isLow = (escape: string) => /^\\u[dD][c-fC-F][0-9a-fA-F]{2}$/.test(escape);
const isHigh = (escape: string) => /^\\u[dD][89abAB][0-9a-fA-F]{2}$/.test(escape);
