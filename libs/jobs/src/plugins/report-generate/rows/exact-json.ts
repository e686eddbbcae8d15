/** Strings, which are passed over, and numbers. */
const TOKENS = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Reads JSON; whole numbers that JavaScript would change become texts. */
export function parseExactly(json: string): unknown {
  return JSON.parse(json.replace(TOKENS, (token) => (isExact(token) ? token : `"${token}"`)));
}

function isExact(token: string): boolean {
  if (token.startsWith('"') || token.length < 16) return true;
  const value = Number(token);
  return !/^-?\d+$/.test(token) || Number.isSafeInteger(value) || BigInt(token) === BigInt(value);
}
