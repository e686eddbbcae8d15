const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;

/**
 * The first number in a JSON text that `JSON.parse` would silently change: an integer beyond 2^53
 * that a double cannot hold, or a number beyond every double.
 *
 * Reads the text's bytes once and looks at nothing but strings and numbers; whether it is JSON at
 * all is for the parser to say. (Node 20 has no `JSON.parse` that shows a number's source.)
 */
export function findUnsafeNumber(json: Uint8Array): string | undefined {
  for (let at = 0; at < json.length; at++) {
    const byte = json[at] ?? 0;
    if (byte === QUOTE) {
      at = endOfString(json, at);
    } else if (byte === MINUS || isDigit(byte)) {
      const end = endOfNumber(json, at);
      const literal = Buffer.from(json.subarray(at, end)).toString('latin1');
      if (!survives(literal)) return literal;
      at = end - 1;
    }
  }
  return undefined;
}

/** Index of the quote that ends the string starting at `at`. */
function endOfString(json: Uint8Array, at: number): number {
  let end = at + 1;
  while (end < json.length && json[end] !== QUOTE) end += json[end] === BACKSLASH ? 2 : 1;
  return end;
}

/** Index behind the number starting at `at`. */
function endOfNumber(json: Uint8Array, at: number): number {
  let end = at + 1;
  while (end < json.length && isPartOfNumber(json[end] ?? 0)) end++;
  return end;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}

function isPartOfNumber(byte: number): boolean {
  return isDigit(byte) || byte === DOT || byte === PLUS || byte === MINUS || byte === 0x65 || byte === 0x45;
}

function survives(literal: string): boolean {
  const value = Number(literal);
  if (Number.isNaN(value)) return true; // no number: the parser's business
  if (!Number.isFinite(value)) return false;
  if (Number.isSafeInteger(value) || !/^-?\d+$/.test(literal)) return true;
  return BigInt(literal) === BigInt(value);
}
