import type { ArtifactStore } from '#libs/artifacts';
import { TYPE_DEFAULTS } from '#libs/contracts';
import type { Provider, Type } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import {
  HandlerRegistry,
  jobHandlerOptions,
  JobRunner,
  type BatchJobHandler,
  type JobHandler,
  type JobInfo,
  type Outcome,
  type RequiredService,
} from '../framework/index.js';
import { FakeArtifacts, FakeServices, fakePorts } from './fakes.js';

/** How {@link runHandler} runs a handler. */
export interface RunHandlerOptions {
  /** What a producer gives. Default: nothing. */
  payload?: unknown;
  /** What the handler injects: providers, as in a Nest module. Default: none. */
  providers?: Provider[];
  /** Modules the handler needs, such as its plugin. Default: none. */
  imports?: NonNullable<Parameters<typeof Test.createTestingModule>[0]['imports']>;
  /** Facts of the job. Default: id `1`, the first of three attempts. */
  job?: Partial<Omit<JobInfo, 'type'>>;
  /** What an earlier run kept by `checkpoint`. */
  state?: unknown;
  /** What became of the children of `flow`, by key: a result, or an `Error`. Default: they have not ended. */
  children?: Record<string, unknown>;
  /** Where artifacts go. Default: memory. */
  artifacts?: ArtifactStore;
  /** Aborts the run as a worker would; give it one of `STOP_REASONS` as reason. */
  signal?: AbortSignal;
  /** Milliseconds, instead of the type's timeout. */
  timeoutMs?: number;
  /** Whether a run before this one was interrupted. Default: false. */
  interrupted?: boolean;
}

/** What became of a handler's run, and what it asked for. */
export interface HandlerRun {
  readonly outcome: Outcome;
  /** The result of a completed run. */
  readonly result: unknown;
  /** The error of a failed one. */
  readonly error: Error | undefined;
  readonly logs: readonly string[];
  readonly progress: readonly unknown[];
  readonly checkpoints: readonly unknown[];
  readonly enqueued: FakeServices['enqueued'];
  readonly children: FakeServices['children'];
  readonly artifacts: ArtifactStore;
  /** What the runner would have written to the worker's log. */
  readonly warnings: readonly string[];
}

/**
 * Runs one handler as a worker would, through all steps of the runner, with nothing behind it: no
 * Redis, no other process. What a worker would refuse to start with is thrown.
 *
 * @example
 * const { result, logs } = await runHandler(WelcomeMail, { payload: { to: 'ada@example.org' } });
 */
export async function runHandler(
  handler: Type<JobHandler | BatchJobHandler>,
  options: RunHandlerOptions = {},
): Promise<HandlerRun> {
  const declared = jobHandlerOptions(handler);
  if (!declared)
    throw new Error(`${handler.name} is no job handler: decorate it with @JobHandler({ type: '...' })`);
  const { imports = [], providers = [] } = options;
  const provided = imports.length === 0 ? [handler] : [];
  const module = await Test.createTestingModule({
    imports,
    providers: [...providers, ...provided],
  }).compile();
  try {
    await module.init();
    const registry = new HandlerRegistry(TYPE_DEFAULTS);
    const type = registry.register(declared, module.get(handler, { strict: false }));
    await type.check();
    const services = new FakeServices(
      options.artifacts ?? new FakeArtifacts(),
      options.state,
      options.children,
    );
    const warnings: string[] = [];
    const runner = new JobRunner(
      registry,
      // Whatever it depends on is there.
      fakePorts(declared.dependsOn),
      () =>
        type.services
          .map((token) => module.get(token, { strict: false }) as Partial<RequiredService>)
          .filter((service): service is RequiredService => typeof service.isReady === 'function'),
      { warn: (text) => warnings.push(text) },
      // All values of progress that a handler waits for, not only the newest.
      { graceMs: 1000, stopGraceMs: 1000, progressEveryMs: 0 },
    );
    const info = {
      id: '1',
      attempt: 1,
      maxAttempts: 3,
      createdAt: new Date(),
      legacy: false,
      ...options.job,
    };
    const outcome = await runner.run(
      {
        info: { ...info, type: declared.type },
        payload: options.payload,
        timeoutMs: options.timeoutMs,
        interrupted: options.interrupted ?? false,
        services,
      },
      options.signal ?? new AbortController().signal,
    );
    return {
      outcome,
      result: outcome.kind === 'completed' ? outcome.result : undefined,
      error: outcome.kind === 'failed' ? outcome.error : undefined,
      logs: services.logs,
      progress: services.progressed,
      checkpoints: services.checkpoints,
      enqueued: services.enqueued,
      children: services.children,
      artifacts: services.artifacts,
      warnings,
    };
  } finally {
    await module.close();
  }
}
