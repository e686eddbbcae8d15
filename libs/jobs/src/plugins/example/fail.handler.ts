import { z } from 'zod';
import { JobHandler, type JobContext } from '../../framework/index.js';

const payload = z
  .object({
    message: z.string().min(1).default('example.fail always fails'),
    /** How many attempts fail before one succeeds. Default: all of them. */
    times: z.number().int().min(0).optional(),
  })
  .prefault({});

/** Throws: always, or in its first `times` attempts. */
@JobHandler({ type: 'example.fail', description: 'Fails, always or a number of times.', payload })
export class FailHandler implements JobHandler<z.infer<typeof payload>> {
  run({ message, times = Infinity }: z.infer<typeof payload>, { job }: JobContext) {
    if (job.attempt <= times) throw new Error(message);
    return { attempt: job.attempt };
  }
}
