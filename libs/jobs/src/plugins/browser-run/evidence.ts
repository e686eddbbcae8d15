import { createReadStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';
import type { JobContext } from '../../framework/index.js';
import type { BrowserSession } from '../support/browser/index.js';

const PICTURE_MS = 5_000;
const TRACE_MS = 30_000;

/** What is kept to look at afterwards: a picture of a failure, and a trace. What cannot be had is no failure of the job. */
export class Evidence {
  private tracing = false;

  constructor(
    private readonly session: BrowserSession,
    private readonly context: JobContext,
    private readonly artifacts: string[],
  ) {}

  async startTrace(): Promise<void> {
    await this.session.during(async () => {
      await this.session.context?.tracing.start({ screenshots: true, snapshots: true });
    });
    this.tracing = true;
  }

  /** Keeps the trace as `trace.zip`, if there is one. */
  async keepTrace(): Promise<void> {
    if (!this.tracing) return;
    const path = join(this.session.folder, `${randomBytes(8).toString('hex')}.zip`);
    await this.attempt('the trace', TRACE_MS, async () => {
      await this.session.context?.tracing.stop({ path });
      await this.put('trace.zip', createReadStream(path));
    });
    await rm(path, { force: true }).catch(() => undefined);
  }

  /** Keeps what is visible of the page as `failure.png`. */
  async keepPicture(): Promise<void> {
    await this.attempt('the picture of the failure', PICTURE_MS, async () => {
      const image = await this.session.page.screenshot({
        type: 'png',
        timeout: PICTURE_MS,
        animations: 'disabled',
      });
      await this.put('failure.png', image);
    });
  }

  private async put(name: string, content: Parameters<JobContext['artifacts']['put']>[1]): Promise<void> {
    await this.context.artifacts.put(name, content);
    this.artifacts.push(name);
  }

  private async attempt(what: string, ms: number, work: () => Promise<void>): Promise<void> {
    const late = AbortSignal.timeout(ms);
    const limit = new Promise<never>((_, reject) => {
      late.addEventListener('abort', () => reject(new Error(`not within ${ms} ms`)), { once: true });
    });
    try {
      await this.session.during(() => Promise.race([work(), limit]));
    } catch (error) {
      const [reason = ''] = String(error).split('\n');
      await this.context.log.warn(`${what} could not be kept: ${reason.slice(0, 200)}`);
    }
  }
}
