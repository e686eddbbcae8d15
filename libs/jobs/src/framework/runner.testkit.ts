// What the runner's specs share; it imports nothing of Jest.
import type { JobContext, JobInfo, JobReports, Progress } from './context.js';
import type { JobHandler, JobHandlerOptions } from './job-handler.js';
import { HandlerRegistry } from './registry.js';
import { JobRunner, type JobRunnerOptions } from './runner.js';

type Run = (payload: unknown, context: JobContext) => unknown;

export const info: JobInfo = {
  id: '7',
  type: 'test',
  attempt: 1,
  maxAttempts: 3,
  createdAt: new Date(0),
  legacy: false,
};

/** Resolves, or rejects with the signal's reason, when the signal fires. */
export const until = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

/** A handler that returns only when told to, whatever its signal says. */
export function stubborn() {
  let release!: (value: unknown) => void;
  const held = new Promise((resolve) => (release = resolve));
  return { run: () => held, release };
}

/** A runner with one handler of type `test`, and what it said and kept. */
export function setUp(run?: Run, options: JobRunnerOptions & { handler?: Partial<JobHandlerOptions> } = {}) {
  const registry = new HandlerRegistry();
  let begin!: () => void;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const handler: JobHandler = {
    run(payload, context) {
      begin();
      return run?.(payload, context);
    },
  };
  if (run) registry.register({ type: 'test', ...options.handler }, handler);
  const warnings: string[] = [];
  const seen = new Map<string, number>();
  const unhandled = {
    firstSeen: async (id: string) => seen.get(id) ?? Date.now(),
    forget: async (id: string) => void seen.delete(id),
  };
  const runner = new JobRunner(
    registry,
    unhandled,
    { warn: (text) => warnings.push(text) },
    { graceMs: 20, stopGraceMs: 20, ...options },
  );
  const kept: { logs: string[]; progress: Progress[] } = { logs: [], progress: [] };
  const reports: JobReports = {
    log: async (text: string) => void kept.logs.push(text),
    progress: async (value: Progress) => void kept.progress.push(value),
  };
  const outer = new AbortController();
  const start = (job: { payload?: unknown; timeoutMs?: unknown; reports?: JobReports } = {}) =>
    runner.run(
      { info, payload: job.payload, timeoutMs: job.timeoutMs, reports: job.reports ?? reports },
      outer.signal,
    );
  return { start, begun, outer, warnings, kept, seen };
}
