import type { Page, Request } from 'playwright-core';
import { ErrorStatusError } from '../errors.js';
import type { StepRunner } from './scope.js';

export const goto: StepRunner<'goto'> = async (step, { page, session, timeout }) => {
  let failedUrl = step.url;
  const note = (request: Request) => {
    if (isOfPage(request, page)) failedUrl = request.url();
  };
  page.on('requestfailed', note);
  try {
    const response = await page.goto(step.url, { waitUntil: step.waitUntil, timeout });
    const status = response?.status() ?? 0;
    if (status >= 400 && !step.anyStatus) throw new ErrorStatusError(status);
  } catch (error) {
    // The browser sees a broken connection, maybe after redirects; the proxy knows why.
    throw (isNetwork(error) ? session.refusal(failedUrl) : undefined) ?? error;
  } finally {
    page.off('requestfailed', note);
  }
};

const isNetwork = (error: unknown): boolean => /net::ERR_/.test(String(error));

function isOfPage(request: Request, page: Page): boolean {
  return request.isNavigationRequest() && request.frame() === page.mainFrame();
}
