import type { JobTimeline, JobView, TimelineEntry } from '#libs/contracts';

/** What is known of a job's life from the job itself: of earlier attempts the errors, but not the times. */
export function timelineOf(job: JobView): JobTimeline {
  const items: TimelineEntry[] = [
    { event: 'created', at: job.createdAt },
    ...earlierFailures(job),
    ...lastRun(job),
    ...now(job),
  ];
  const lost = job.attempts.started - job.attempts.made - (job.status === 'running' ? 1 : 0);
  return { id: job.id, items, isComplete: job.attempts.made <= 1 && lost <= 0 };
}

/** Failures before the last run. */
function earlierFailures(job: JobView): TimelineEntry[] {
  const stacks = job.stacktrace ?? [];
  const last = lastFailed(job) ? stacks.length - 1 : stacks.length;
  return stacks.slice(0, Math.max(0, last)).map((stack, at) => ({
    event: 'attempt-failed',
    attempt: at + 1,
    error: messageIn(stack),
    stack,
  }));
}

/** Whether the run that is known with its time has failed: for good, or to be tried again. */
function lastFailed({ status, attempts, stacktrace }: JobView): boolean {
  return (status === 'failed' || status === 'pending') && attempts.made > 0 && (stacktrace?.length ?? 0) > 0;
}

function lastRun(job: JobView): TimelineEntry[] {
  const { startedAt, finishedAt, attempts, worker, status } = job;
  const attempt = Math.max(attempts.started, attempts.made);
  const belongs = { ...(attempt > 0 && { attempt }), ...(worker !== undefined && { worker }) };
  const entries: TimelineEntry[] = [];
  if (startedAt !== undefined) entries.push({ event: 'started', at: startedAt, ...belongs });
  const failure = {
    ...(job.error !== undefined && { error: job.error }),
    ...(job.errorCode !== undefined && { errorCode: job.errorCode }),
    ...(lastFailed(job) && { stack: job.stacktrace?.at(-1) }),
  };
  if (status === 'pending' && lastFailed(job))
    entries.push({ event: 'attempt-failed', ...belongs, ...failure });
  if (status === 'completed' || status === 'failed' || status === 'cancelled') {
    const ms = startedAt && finishedAt ? Date.parse(finishedAt) - Date.parse(startedAt) : undefined;
    entries.push({
      event: status,
      ...(finishedAt !== undefined && { at: finishedAt }),
      ...(startedAt !== undefined && belongs),
      ...(ms !== undefined && { durationMs: Math.max(0, ms) }),
      ...(status === 'completed' ? {} : failure),
    });
  }
  return entries;
}

/** What it does now, while it waits. */
function now({ status, state, delayedUntil }: JobView): TimelineEntry[] {
  if (status !== 'pending') return [];
  if (state === 'delayed')
    return [{ event: 'delayed', ...(delayedUntil !== undefined && { until: delayedUntil }) }];
  return [{ event: state === 'waiting-children' ? 'waiting-children' : 'waiting' }];
}

/** The message that a stack begins with. */
function messageIn(stack: string): string {
  return (stack.split('\n    at ', 1)[0] ?? '').replace(/^[\w.]*Error: /, '');
}
