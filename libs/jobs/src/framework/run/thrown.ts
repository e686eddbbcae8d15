/** Longest message that is kept of what a handler threw; what follows is left out. */
export const MAX_MESSAGE_LENGTH = 4096;

/** What was thrown, as an error: handlers may throw anything, also what throws when it is looked at. */
export function toError(thrown: unknown): Error {
  if (isError(thrown)) return thrown;
  // Errors of another realm (a vm, a test) are none of this one's, but look like them.
  const message = textOf(thrown, 'message');
  if (message === undefined) return new Error(`handler threw ${describe(thrown)}`);
  const error = new Error(message);
  error.name = textOf(thrown, 'name') ?? error.name;
  const [stack, code] = [textOf(thrown, 'stack'), textOf(thrown, 'code')];
  if (stack !== undefined) error.stack = stack;
  return code === undefined ? error : Object.assign(error, { code });
}

/** What it says, cut at {@link MAX_MESSAGE_LENGTH}; its name where it says nothing. Never throws. */
export function messageOf(thrown: unknown): string {
  const error = toError(thrown);
  return cut(
    textOf(error, 'message') || textOf(error, 'name') || 'an error without a message',
    MAX_MESSAGE_LENGTH,
  );
}

/** A property, where it is a text and can be read. */
export function textOf(thrown: unknown, property: string): string | undefined {
  try {
    const value = (thrown as Record<string, unknown> | null | undefined)?.[property];
    return typeof value === 'string' ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A text that says how long it was, when it is longer than `most` characters. */
export function cut(text: string, most: number): string {
  if (text.length <= most) return text;
  // Half of a character is none.
  return `${text.slice(0, most).replace(/[\uD800-\uDBFF]$/, '')}… (${text.length} characters)`;
}

function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error;
  } catch {
    return false;
  }
}

function describe(thrown: unknown): string {
  if (typeof thrown === 'function') return 'a function';
  // What it holds may be anything, and a secret too.
  if (typeof thrown === 'object' && thrown !== null) return 'an object without a message';
  return cut(String(thrown), MAX_MESSAGE_LENGTH);
}
