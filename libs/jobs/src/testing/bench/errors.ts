import { DroverError, type JobView } from '#libs/contracts';

/** A job of a test did not end in time. Says how it stands, and what its handler logged. */
export class JobNotEndedError extends DroverError {
  readonly code = 'JOB_NOT_ENDED';

  constructor(job: JobView, logs: readonly string[], timeoutMs: number) {
    const lines = [
      `job ${job.id} (${job.type}) has not ended in ${timeoutMs} ms: it is ${job.state}, attempt ${job.attempts.made + 1}`,
      ...(job.delayedUntil ? [`it is delayed until ${job.delayedUntil}`] : []),
      ...(job.error ? [`its last error: ${job.error}`] : []),
      ...logs.map((line) => `log: ${line}`),
    ];
    super(lines.join('\n'));
  }
}
