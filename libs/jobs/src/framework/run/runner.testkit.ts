// What the runner's specs share; it imports nothing of Jest.
import { TYPE_DEFAULTS } from '#libs/contracts';
import { FakeArtifacts, FakeServices, fakePorts } from '../../testing/fakes.js';
import { HandlerRegistry } from '../discovery/registry.js';
import type { JobContext, JobInfo, JobReports } from '../handler/context.js';
import type { JobHandler } from '../handler/job-handler.js';
import type { JobHandlerOptions } from '../handler/job-options.js';
import type { JobRunnerOptions } from './options.js';
import { JobRunner } from './runner.js';

type RunMethod = (payload: unknown, context: JobContext) => unknown;

export interface SetUpOptions extends JobRunnerOptions {
  defaultTimeoutMs?: number;
  /** Options of the type. */
  handler?: Partial<JobHandlerOptions>;
  /** Methods of the handler besides `run`. */
  methods?: Partial<JobHandler>;
  /** What an earlier run kept. */
  state?: unknown;
  /** Types that other workers run. */
  live?: readonly string[];
  /** Ports that another runner has too. Default: its own. */
  ports?: ReturnType<typeof fakePorts>;
  /** What the required services of the type say. */
  ready?: () => boolean | Promise<boolean>;
}

export const info: JobInfo = {
  id: '7',
  type: 'test',
  attempt: 1,
  maxAttempts: 3,
  createdAt: new Date(0),
  legacy: false,
};

/** An answer that never comes. */
export const never = <T>() => new Promise<T>(() => undefined);

/** Rejects with the signal's reason, when the signal fires. */
export const until = (signal: AbortSignal) =>
  new Promise<never>((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));

/** A handler that returns only when told to, whatever its signal says. */
export function stubborn() {
  let release!: (value: unknown) => void;
  const held = new Promise((resolve) => (release = resolve));
  return { run: () => held, release };
}

/** A runner with one handler of type `test`, and what it said and kept. */
export function setUp(run?: RunMethod, options: SetUpOptions = {}) {
  const {
    defaultTimeoutMs = TYPE_DEFAULTS.timeout,
    handler: declared,
    methods,
    state,
    live,
    ready,
    ports = fakePorts(live),
    ...rest
  } = options;
  const registry = new HandlerRegistry({ ...TYPE_DEFAULTS, timeout: defaultTimeoutMs });
  let begin!: () => void;
  const begun = new Promise<void>((resolve) => (begin = resolve));
  const handler: JobHandler = {
    ...methods,
    run(payload, context) {
      begin();
      return run?.(payload, context);
    },
  };
  if (run) registry.register({ type: 'test', ...declared }, handler);
  const warnings: string[] = [];
  const runner = new JobRunner(
    registry,
    ports,
    () => (ready ? [{ isReady: ready }] : []),
    { warn: (text) => warnings.push(text) },
    { graceMs: 20, stopGraceMs: 20, ...rest },
  );
  const services = new FakeServices(new FakeArtifacts(), state);
  const outer = new AbortController();
  const start = (
    job: {
      payload?: unknown;
      timeoutMs?: unknown;
      reports?: JobReports;
      interrupted?: boolean;
      startedBefore?: boolean;
      scheduleId?: string;
      attempt?: number;
    } = {},
  ) =>
    runner.run(
      {
        info: { ...info, attempt: job.attempt ?? 1 },
        payload: job.payload,
        timeoutMs: job.timeoutMs,
        interrupted: job.interrupted ?? false,
        startedBefore: job.startedBefore ?? false,
        scheduleId: job.scheduleId,
        services: job.reports ? Object.assign(services, job.reports) : services,
      },
      outer.signal,
    );
  const kept = { logs: services.logs, progress: services.progressed };
  return { start, begun, outer, warnings, kept, services, ports, seen: ports.seen, runner };
}
