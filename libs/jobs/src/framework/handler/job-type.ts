import {
  duration,
  impossibleTogether,
  problemsOf,
  queueNameSchema,
  typeOverridesSchema,
  withOverrides,
  type TypeOverrides,
  type TypeSettings,
} from '#libs/contracts';
import semver from 'semver';
import { z } from 'zod';
import { withoutEffect } from './combinations.js';
import type { BatchJobHandler, JobHandler } from './job-handler.js';
import type { JobExample, JobHandlerOptions } from './job-options.js';
import { assertKnownOptions } from './known-options.js';
import { assertOptionValues } from './option-values.js';
import { nameOf, refusal, type Refuse } from './refusal.js';
import { scheduleOf, type Schedule } from './schedule.js';
import { checkWrittenPayloads } from './written-payloads.js';

const MAX_BATCH = 1000;
const DEFAULT_MAX_WAIT_MS = 100;
const DAY_MS = 86_400_000;

/** How a type's jobs are put together for one call. */
export interface Batch {
  readonly size: number;
  /** Milliseconds the first job of a batch waits for others. */
  readonly maxWait: number;
}

/**
 * A job type: the options of its handler with every default filled in, and the code that runs it.
 * Made once, when the handler is found; only {@link settings} change afterwards.
 */
export class JobType {
  readonly type: string;
  readonly name: string;
  readonly description: string | undefined;
  readonly version: string;
  readonly queue: string | undefined;
  readonly payload: z.ZodType | undefined;
  readonly result: z.ZodType | undefined;
  readonly examples: readonly JobExample[];
  readonly schedule: Schedule | undefined;
  readonly batch: Batch | undefined;
  readonly environment: readonly string[];
  readonly services: NonNullable<NonNullable<JobHandlerOptions['requires']>['services']>;
  readonly dependsOn: readonly string[];
  readonly idempotent: boolean;
  /** What the handler says in vain, each with what to change; nothing fails for it. */
  readonly advice: readonly string[];
  private readonly declared: TypeSettings;
  private fromEnvironment: TypeOverrides = {};
  private atRunTime: TypeOverrides = {};
  private effective: TypeSettings;
  private problems: readonly string[] = [];
  private readonly refuse: Refuse;

  /**
   * @param defaults what holds where the handler does not say.
   * @throws {InvalidJobHandlerError} {@link UnknownJobOptionError} saying what to change.
   */
  constructor(
    options: JobHandlerOptions,
    readonly handler: JobHandler & Partial<BatchJobHandler>,
    defaults: TypeSettings,
  ) {
    const refuse = refusal(options, handler);
    this.refuse = refuse;
    assertKnownOptions(options, nameOf(handler));
    assertOptionValues(options, handler, refuse);
    this.type = options.type;
    this.name = options.name ?? options.type;
    this.description = options.description;
    this.version = versionOf(options, refuse);
    this.queue = queueOf(options, refuse);
    this.payload = options.payload;
    this.result = options.result;
    this.batch = batchOf(options, refuse);
    this.assertMethods(refuse);
    this.schedule = options.schedule && scheduleOf(options.schedule, refuse);
    this.environment = options.requires?.environment ?? [];
    this.services = options.requires?.services ?? [];
    this.dependsOn = options.dependsOn ?? [];
    this.idempotent = options.idempotent ?? true;
    this.examples = options.examples ?? [];
    this.declared = withOverrides(defaults, settingsOf(options, refuse));
    this.effective = this.declared;
    this.advice = withoutEffect(options);
    const problems = this.atOdds(this.declared);
    if (problems.length > 0) throw refuse(`cannot work: ${problems.join('; ')}`);
  }

  /** The settings in force. */
  get settings(): TypeSettings {
    return this.effective;
  }

  /** What the code says, before any override. */
  get declaredSettings(): TypeSettings {
    return this.declared;
  }

  /** What code and environment say, before anything that was set at run time. */
  get standingSettings(): TypeSettings {
    return withOverrides(this.declared, this.fromEnvironment);
  }

  /** Whether it was switched off at run time, which is meant for all workers. */
  get isOffAtRunTime(): boolean {
    return this.atRunTime.enabled === false;
  }

  /** Whether this process lacks something that it requires: then it is not enabled, whatever is set. */
  get isBarred(): boolean {
    return this.problems.length > 0;
  }

  /** What it lacks, where it would be enabled otherwise. */
  get unmet(): readonly string[] {
    return this.wanted.enabled ? this.problems : [];
  }

  /** Notes what this process lacks of what it requires. */
  bar(problems: readonly string[]): void {
    this.problems = problems;
    this.settle();
  }

  /** Puts what the environment says in the place of what it said before. */
  overrideByEnvironment(overrides: TypeOverrides): void {
    this.fromEnvironment = overrides;
    this.settle();
  }

  /**
   * Puts what was set at run time in the place of what was before; it beats the environment.
   *
   * @returns what cannot work together, each with what to change; then nothing is overridden at run time.
   */
  overrideAtRunTime(overrides: TypeOverrides): string[] {
    const problems = this.atOdds(withOverrides(this.standingSettings, overrides));
    this.atRunTime = problems.length > 0 ? {} : overrides;
    this.settle();
    return problems;
  }

  /**
   * Checks what the constructor could not: settings that the environment has changed, and the payloads of examples and
   * schedule, since a schema may answer later.
   *
   * @throws {InvalidJobHandlerError} saying what to change.
   */
  async check(): Promise<void> {
    const problems = this.atOdds(this.standingSettings);
    if (problems.length > 0) throw this.refuse(`cannot work as it is set: ${problems.join('; ')}`);
    await checkWrittenPayloads(this, this.refuse);
  }

  private atOdds(settings: TypeSettings): string[] {
    const { batch, schedule } = this;
    return impossibleTogether({ settings, batch, schedule }).map(({ message }) => message);
  }

  private get wanted(): TypeSettings {
    return withOverrides(this.standingSettings, this.atRunTime);
  }

  private settle(): void {
    const { wanted } = this;
    this.effective = this.isBarred ? { ...wanted, enabled: false } : wanted;
  }

  private assertMethods(refuse: Refuse): void {
    const { run, runBatch } = this.handler as Partial<JobHandler & BatchJobHandler>;
    if (this.batch && typeof runBatch !== 'function') {
      throw refuse('has a batch but no runBatch() method: add runBatch(items), or leave batch out');
    }
    if (!this.batch && typeof run !== 'function' && typeof runBatch === 'function') {
      throw refuse('has runBatch() but no batch: add batch: { size }, or a run() method');
    }
    if (!this.batch && typeof run !== 'function') {
      throw refuse('has no run() method: add run(payload, context)');
    }
  }
}

function versionOf({ version = '1.0.0' }: JobHandlerOptions, refuse: Refuse): string {
  if (typeof version === 'string' && /^\d\S*$/.test(version) && semver.valid(version)) return version;
  throw refuse(
    `has the version ${JSON.stringify(version)}: write one of semver, such as 1.2.0 or 2.0.0-beta.1`,
  );
}

function queueOf({ queue }: JobHandlerOptions, refuse: Refuse): string | undefined {
  if (queue === undefined) return undefined;
  const parsed = queueNameSchema.safeParse(queue);
  if (parsed.success) return parsed.data;
  throw refuse(
    `has a queue that cannot be used (${JSON.stringify(queue)}): ${problemsOf(parsed.error).join('; ')}`,
  );
}
function settingsOf(options: JobHandlerOptions, refuse: Refuse): TypeOverrides {
  const { concurrency } = options;
  const given = {
    ...Object.fromEntries(
      Object.keys(typeOverridesSchema.shape).map((name) => [name, options[name as keyof JobHandlerOptions]]),
    ),
    concurrency: typeof concurrency === 'number' ? { perProcess: concurrency } : concurrency,
  };
  const parsed = typeOverridesSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw refuse(`has settings that cannot be used: ${problemsOf(parsed.error).join('; ')}`);
}

function batchOf({ batch }: JobHandlerOptions, refuse: Refuse): Batch | undefined {
  if (!batch) return undefined;
  const schema = z.strictObject({
    size: z.number().int().min(1).max(MAX_BATCH),
    maxWait: duration(0, DAY_MS).default(DEFAULT_MAX_WAIT_MS),
  });
  const parsed = schema.safeParse(batch);
  if (parsed.success) return parsed.data;
  throw refuse(`has a batch that cannot be used: ${problemsOf(parsed.error).join('; ')}`);
}
