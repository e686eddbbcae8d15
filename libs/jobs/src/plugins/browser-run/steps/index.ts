import { click, fill, press, select } from './actions.js';
import { assert } from './assert.js';
import { extract } from './extract.js';
import { goto } from './goto.js';
import type { Step, StepKind } from './schema.js';
import type { StepRunner, StepScope } from './scope.js';
import { screenshot } from './screenshot.js';
import { wait } from './wait.js';

const RUNNERS: { readonly [Kind in StepKind]: StepRunner<Kind> } = {
  goto,
  click,
  fill,
  select,
  press,
  wait,
  assert,
  extract,
  screenshot,
};

/** Does one step. */
export function runStep(step: Step, scope: StepScope): Promise<void> {
  // The kind of the step chooses the runner that takes this kind, which the compiler cannot see.
  return (RUNNERS[step.kind] as StepRunner<StepKind>)(step, scope);
}
