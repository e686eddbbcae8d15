import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { JobHandler, type JobContext } from '../../framework/index.js';

const payload = z
  .object({
    /** Milliseconds altogether. */
    ms: z.number().min(0).max(86_400_000).default(5000),
    steps: z.number().int().min(1).max(1000).default(5),
  })
  .prefault({});

/** Sleeps in equal steps, with progress and a log line after each, and stops at once when told to. */
@JobHandler({ type: 'example.sleep', description: 'Sleeps for a while, step by step.', payload })
export class SleepHandler implements JobHandler<z.infer<typeof payload>> {
  async run({ ms, steps }: z.infer<typeof payload>, { signal, log, progress }: JobContext) {
    await progress(0);
    for (let step = 1; step <= steps; step++) {
      await sleep(ms / steps, undefined, { signal });
      await progress((100 * step) / steps);
      await log(`step ${step} of ${steps} done`);
    }
    return { sleptMs: ms, steps };
  }
}
