import type { StepRunner } from './scope.js';

export const click: StepRunner<'click'> = ({ selector, button, count }, { page, timeout }) =>
  page.locator(selector).click({ button, clickCount: count, timeout });

export const fill: StepRunner<'fill'> = ({ selector, value }, { page, timeout }) =>
  page.locator(selector).fill(value, { timeout });

export const select: StepRunner<'select'> = async ({ selector, values }, { page, timeout }) => {
  await page.locator(selector).selectOption([...values], { timeout });
};

export const press: StepRunner<'press'> = ({ selector, key }, { page, timeout }) =>
  selector === undefined ? page.keyboard.press(key) : page.locator(selector).press(key, { timeout });
