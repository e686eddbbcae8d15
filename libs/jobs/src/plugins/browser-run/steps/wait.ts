import type { StepRunner } from './scope.js';

export const wait: StepRunner<'wait'> = async (step, { page, timeout }) => {
  if (step.selector !== undefined)
    await page.locator(step.selector).first().waitFor({ state: step.state, timeout });
  else if (step.text !== undefined)
    await page.getByText(step.text).filter({ visible: true }).first().waitFor({ timeout });
  else if (step.url !== undefined) await page.waitForURL(step.url, { timeout });
  else await page.waitForLoadState(step.loadState, { timeout });
};
