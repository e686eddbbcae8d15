import { JobHandler, PermanentJobError, type JobContext } from '../../framework/index.js';
import { BrowserPool, type BrowserSession } from '../support/browser/index.js';
import { Destinations } from '../support/destinations.js';
import { Evidence } from './evidence.js';
import { browserRunExamples } from './examples.js';
import {
  browserRunPayload,
  browserRunResult,
  type BrowserRunPayload,
  type BrowserRunResult,
} from './payload.js';
import { Script } from './script.js';
import { Extracts } from './steps/extracts.js';

/** Does steps in a web browser: a fresh context for each job, closed at its end however it ends. */
@JobHandler({
  type: 'browser.run',
  name: 'Run steps in a browser',
  description: 'Opens pages in Chromium, does steps in them, and keeps what they extract and screenshots.',
  payload: browserRunPayload,
  result: browserRunResult,
  examples: browserRunExamples,
  requires: { services: [BrowserPool] },
  concurrency: 4,
})
export class BrowserRunHandler implements JobHandler<BrowserRunPayload, BrowserRunResult> {
  constructor(private readonly pool: BrowserPool) {}

  async run(payload: BrowserRunPayload, context: JobContext): Promise<BrowserRunResult> {
    const session = await this.open(payload, context);
    const artifacts: string[] = [];
    const evidence = new Evidence(session, context, artifacts);
    const extracts = new Extracts(this.pool.settings.BROWSER_EXTRACT_BYTES);
    const script = new Script(session, context, extracts, async (name, content) => {
      await context.artifacts.put(name, content);
      artifacts.push(name);
    });
    try {
      if (payload.trace) await evidence.startTrace();
      await script.run(payload);
      await evidence.keepTrace();
      const { page } = session;
      return {
        url: page.url().slice(0, 8192),
        title: (await session.during(() => page.title())).slice(0, 1000),
        data: extracts.data,
        artifacts,
        refusedHosts: [...session.refused.keys()],
        durations: script.durations,
      };
    } catch (error) {
      context.signal.throwIfAborted();
      await evidence.keepPicture();
      await evidence.keepTrace();
      throw error;
    } finally {
      await session.close();
    }
  }

  /** A host that may not be reached, or a page that takes too much, will be so the next time too. */
  isRetryable(error: Error): boolean {
    return !(error.cause instanceof PermanentJobError);
  }

  private open(payload: BrowserRunPayload, { signal, log }: JobContext): Promise<BrowserSession> {
    const { BROWSER_ALLOWED_HOSTS, BROWSER_PRIVATE_HOSTS } = this.pool.settings;
    const { viewport, locale, timeZone, userAgent, headers, allowedHosts } = payload;
    return this.pool.open({
      signal,
      destinations: new Destinations({
        allowed: [BROWSER_ALLOWED_HOSTS, allowedHosts],
        privateHosts: BROWSER_PRIVATE_HOSTS,
      }),
      context: { viewport, locale, timezoneId: timeZone, userAgent, extraHTTPHeaders: headers },
      onNotice: (text) => void log.warn(text),
    });
  }
}
