import type { StepRunner } from './scope.js';

export const screenshot: StepRunner<'screenshot'> = async (step, { page, number, timeout, keep }) => {
  const options = { type: 'png', timeout, animations: 'disabled' } as const;
  const image =
    step.selector === undefined
      ? await page.screenshot({ ...options, fullPage: step.fullPage })
      : await page.locator(step.selector).screenshot(options);
  await keep(`${step.name ?? `screenshot-${number}`}.png`, image);
};
