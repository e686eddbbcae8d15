/** Whether a text is a JSON object. */
export function isDocumentObject(text: string): boolean {
  try {
    const parsed: unknown = JSON.parse(text);
    return parsed !== null && typeof parsed === 'object' && !Array.isArray(parsed);
  } catch {
    return false;
  }
}

/**
 * A JSON object with another value for one of its members; all else stays as it is written, numbers to their last digit. The last of
 * several members of that name is meant, as readers have it; where there is none, it is added at the end.
 *
 * @param object text of a JSON object.
 * @param value JSON text.
 */
export function withMember(object: string, name: string, value: string): string {
  const found = spanOf(object, name);
  if (found) return object.slice(0, found.start) + value + object.slice(found.end);
  const end = object.lastIndexOf('}');
  const head = object.slice(0, end);
  const separator = head.trim() === '{' ? '' : ',';
  return `${head}${separator}${JSON.stringify(name)}:${value}}`;
}

/** Where the value of a member at the top level stands. */
function spanOf(object: string, name: string): { start: number; end: number } | undefined {
  let found: { start: number; end: number } | undefined;
  let at = object.indexOf('{') + 1;
  for (;;) {
    const open = object.indexOf('"', at);
    if (open < 0) return found;
    const close = endOfText(object, open);
    const start = skipSpace(object, object.indexOf(':', close) + 1);
    const end = endOfValue(object, start);
    if (JSON.parse(object.slice(open, close)) === name) found = { start, end };
    at = end;
  }
}

function skipSpace(text: string, from: number): number {
  let at = from;
  while (' \t\r\n'.includes(text[at] ?? '-')) at += 1;
  return at;
}

/** Index behind the quote that ends the text starting at `open`. */
function endOfText(text: string, open: number): number {
  let at = open + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

/** Index behind the value that starts at `start`. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '"') at = endOfText(text, at) - 1;
    else if (character === '{' || character === '[') depth += 1;
    else if ((character === '}' || character === ']') && depth > 0) depth -= 1;
    else if (depth === 0 && ',}'.includes(character)) return at;
    if (depth === 0 && (character === '}' || character === ']' || character === '"')) return at + 1;
  }
  return text.length;
}
