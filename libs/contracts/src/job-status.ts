/**
 * The five words a job's status can be, as Go services write them at `<p>status:<id>`.
 * Source: the Redis contract (docs/protocol.md).
 */
export const JOB_STATUSES = ['pending', 'running', 'completed', 'failed', 'cancelled'] as const;

export type JobStatus = (typeof JOB_STATUSES)[number];

/**
 * Reads a status as it stands in Redis.
 *
 * @returns the status; `processing`, an older spelling of `running`, is normalised; `undefined` for any other text.
 */
export function parseJobStatus(text: string): JobStatus | undefined {
  if (text === 'processing') return 'running';
  return JOB_STATUSES.find((status) => status === text);
}
