import { setTimeout as sleep } from 'node:timers/promises';
import type { Page } from 'playwright-core';
import { AssertionFailedError } from '../errors.js';
import type { StepRunner } from './scope.js';
import type { StepOf } from './schema.js';

const AGAIN_MS = 100;
/** One look at the page; it may end after the time of the step, so that even a short one has had a look. */
const LOOK_MS = 2_000;
const MAX_SHOWN = 200;
const MAX_TEXT = 1024 * 1024;

/** Looks again until everything holds, or time is up. */
export const assert: StepRunner<'assert'> = async (step, { page, timeout }) => {
  const deadline = Date.now() + timeout;
  for (;;) {
    const problem = await problemOf(step, page).catch((error: unknown) => {
      if (page.isClosed()) throw error;
      return firstLine(error);
    });
    if (problem === undefined) return;
    if (Date.now() >= deadline) throw new AssertionFailedError(problem);
    await sleep(AGAIN_MS);
  }
};

async function problemOf(step: StepOf<'assert'>, page: Page): Promise<string | undefined> {
  const element = page.locator(step.selector ?? 'body');
  if (step.count !== undefined) {
    const count = await element.count();
    if (count !== step.count) return `expected ${step.count} elements, found ${count}`;
  }
  if (step.visible !== undefined && (await element.isVisible()) !== step.visible)
    return step.visible ? 'expected the element to be visible' : 'expected the element not to be visible';
  if (step.url !== undefined && !holds(page.url(), step.url, step.match))
    return mismatch('address', page.url(), step.url, step.match);
  if (step.title !== undefined) {
    const title = (await page.title()).slice(0, MAX_TEXT);
    if (!holds(title, step.title, step.match)) return mismatch('title', title, step.title, step.match);
  }
  if (step.text === undefined) return undefined;
  const text = await element.evaluate(
    (node, max) => ((node as { innerText?: string }).innerText ?? node.textContent ?? '').slice(0, max),
    MAX_TEXT,
    { timeout: LOOK_MS },
  );
  return holds(text.trim(), step.text.trim(), step.match)
    ? undefined
    : mismatch('text', text.trim(), step.text, step.match);
}

const holds = (found: string, expected: string, match: 'contains' | 'equals'): boolean =>
  match === 'equals' ? found === expected : found.includes(expected);

function mismatch(what: string, found: string, expected: string, match: 'contains' | 'equals'): string {
  const verb = match === 'equals' ? 'be' : 'contain';
  return `expected the ${what} to ${verb} ${shown(expected)}, found ${shown(found)}`;
}

const shown = (text: string): string =>
  JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}...` : text);

const firstLine = (error: unknown): string => String(error).split('\n')[0]?.slice(0, MAX_SHOWN) ?? '';
