import { ExtractTooLargeError } from '../errors.js';
import type { StepRunner } from './scope.js';

/** Most elements of a list. */
const MAX_MANY = 10_000;

interface Wanted {
  readonly what: 'text' | 'attribute' | 'value';
  readonly attribute: string;
  /** Characters and elements that may be taken: a page must not fill the worker's memory. */
  readonly room: number;
  readonly most: number;
}

export const extract: StepRunner<'extract'> = async (step, { page, timeout, extracts }) => {
  const elements = page.locator(step.selector);
  const wanted: Wanted = {
    what: step.what,
    attribute: step.attribute ?? '',
    room: extracts.room,
    most: MAX_MANY,
  };
  // One element is waited for, as in every step; a list is what is there now.
  if (!step.many) await elements.waitFor({ state: 'attached', timeout });
  const taken = await elements.evaluateAll(takeFrom, wanted);
  if (taken === 'too large') throw new ExtractTooLargeError(extracts.maxBytes);
  extracts.add(step.as, step.many ? taken : (taken[0] ?? null));
};

/** Runs in the page. */
function takeFrom(
  nodes: unknown[],
  { what, attribute, room, most }: Wanted,
): (string | null)[] | 'too large' {
  interface Node {
    getAttribute(name: string): string | null;
    innerText?: string;
    textContent: string | null;
    value?: unknown;
  }
  const take = (node: Node): string | null => {
    if (what === 'attribute') return node.getAttribute(attribute);
    if (what === 'value') return node.value === undefined ? null : String(node.value);
    return (node.innerText ?? node.textContent ?? '').trim();
  };
  if (nodes.length > most) return 'too large';
  let left = room;
  const taken: (string | null)[] = [];
  for (const node of nodes as Node[]) {
    const text = take(node);
    left -= text === null ? 0 : text.length;
    if (left < 0) return 'too large';
    taken.push(text);
  }
  return taken;
}
