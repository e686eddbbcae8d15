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

/** Steps that are done. */
interface Done {
  steps: number;
}

/**
 * Sleeps in equal steps, with progress, a checkpoint and a log line after each, and stops at once when told to. A run that
 * is repeated goes on after the last step that was done.
 */
@JobHandler({
  type: 'example.sleep',
  name: 'Sleep',
  description: 'Sleeps for a while, step by step.',
  payload,
  examples: [{ title: 'Three seconds', payload: { ms: 3000, steps: 3 } }],
})
export class SleepHandler implements JobHandler<z.infer<typeof payload>, unknown, Done> {
  async run({ ms, steps }: z.infer<typeof payload>, context: JobContext<Done>) {
    const { signal, log, progress, checkpoint, state } = context;
    const before = state?.steps ?? 0;
    if (before > 0) await log(`goes on after step ${before}`);
    await progress((100 * before) / steps);
    for (let step = before + 1; step <= steps; step++) {
      await sleep(ms / steps, undefined, { signal });
      await checkpoint({ steps: step });
      await progress((100 * step) / steps);
      await log(`step ${step} of ${steps} done`);
    }
    return { sleptMs: ms, steps };
  }
}
