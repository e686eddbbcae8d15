import type { Page } from 'playwright-core';
import type { BrowserSession } from '../../support/browser/index.js';
import type { Extracts } from './extracts.js';
import type { Step, StepKind, StepOf } from './schema.js';

/** What a step works with. */
export interface StepScope {
  readonly page: Page;
  readonly session: BrowserSession;
  /** Number of the step, from 1. */
  readonly number: number;
  /** Milliseconds it may take. */
  readonly timeout: number;
  readonly extracts: Extracts;
  /** Keeps a file of the job. */
  readonly keep: (name: string, content: Buffer) => Promise<void>;
}

/** Does the steps of one kind. */
export type StepRunner<Kind extends StepKind> = (step: StepOf<Kind>, scope: StepScope) => Promise<void>;

/** What a step is about, for the log: never what is filled in, nor the query of an address. */
export function subjectOf(step: Step): string {
  if (step.kind === 'goto') {
    const { origin, pathname } = new URL(step.url);
    return bounded(origin + pathname);
  }
  if (step.kind === 'extract') return bounded(`${step.as} from ${step.selector}`);
  if ('selector' in step && step.selector !== undefined) return bounded(step.selector);
  return '';
}

const bounded = (text: string): string => (text.length > 200 ? `${text.slice(0, 200)}...` : text);
