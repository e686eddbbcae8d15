import { setTimeout as sleep } from 'node:timers/promises';
import { Inject, Injectable, Logger } from '@nestjs/common';
import { HandlerRegistry, OtherQueues } from '#libs/jobs';
import { ArtifactSweeper } from './artifact-sweeper.js';
import { TypeQueues } from '#libs/queue';
import { Cancellations } from './cancellations.js';
import { Consumer } from './consumer.js';
import { Draining } from './draining.js';
import { HealthServer } from './health-server.js';
import { Heartbeat } from './heartbeat.js';
import { RedisLink } from './redis-link.js';
import { RunningPublisher } from './running-publisher.js';
import { Schedules } from './schedules.js';
import { TypePublisher } from './type-publisher.js';
import { foreignTypes } from './type-queues.js';
import { TypeRulesWriter } from './type-rules-writer.js';
import { TypeSettingsWatcher } from './type-settings-watcher.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';
import { WorkerState } from './worker-state.js';

/** Time for handlers to stop and their jobs to be handed back; longer than the runner's `stopGraceMs`. */
const HAND_BACK_MS = 3000;
/** The same when no job is known to run and Redis is not there: a claim may still be under way. */
const NOTHING_TO_DO_MS = 500;
const CLEAN_UP_MS = 1000;

/** Starts the parts of the worker in order, and stops them in two phases. */
@Injectable()
export class Lifecycle {
  private readonly logger = new Logger('Worker');
  private stopping: Promise<void> | undefined;
  private hurried!: () => void;
  private readonly hurry$ = new Promise<void>((resolve) => (this.hurried = resolve));

  constructor(
    @Inject(WORKER_IDENTITY) private readonly identity: WorkerIdentity,
    private readonly redis: RedisLink,
    private readonly consumer: Consumer,
    private readonly cancellations: Cancellations,
    private readonly draining: Draining,
    private readonly heartbeat: Heartbeat,
    private readonly health: HealthServer,
    private readonly types: TypePublisher,
    private readonly runningTypes: RunningPublisher,
    private readonly typeRules: TypeRulesWriter,
    private readonly typeSettings: TypeSettingsWatcher,
    private readonly schedules: Schedules,
    private readonly queues: OtherQueues,
    private readonly state: WorkerState,
    private readonly registry: HandlerRegistry,
    private readonly artifacts: ArtifactSweeper,
    private readonly typeQueues: TypeQueues,
  ) {}

  /**
   * Starts everything. Redis need not be there yet: the worker waits for it.
   *
   * @throws {PortTakenError} when the health page cannot have its port; then nothing was claimed.
   */
  async start(): Promise<void> {
    const address = await this.health.listen();
    this.redis.connect();
    this.heartbeat.start();
    this.cancellations.start();
    this.draining.start();
    this.types.start();
    this.runningTypes.start();
    this.consumer.start(this.typeSettings.inForce);
    this.schedules.start(this.typeSettings.inForce);
    this.artifacts.start(this.typeSettings.inForce);
    await this.typeSettings.start();
    const { settings, id } = this.identity;
    for (const line of foreignTypes(this.registry, this.typeQueues, settings.QUEUE_NAME))
      this.logger.warn(line);
    this.logger.log(
      `worker ${id} runs ${this.registry.types().join(', ') || 'no job types'} of ` +
        `${settings.QUEUE_PREFIX}:${settings.QUEUE_NAME}, ${settings.WORKER_CONCURRENCY} at a time; ${address}/health`,
    );
  }

  /**
   * Stops everything. Phase one: claim no more, and wait up to `SHUTDOWN_SECONDS` for the running
   * jobs. Phase two: abort their signals and hand them back to the queue, where they keep their
   * place and their attempts. Ends within `SHUTDOWN_SECONDS` plus 4 s, whatever handlers and Redis do.
   */
  stop(): Promise<void> {
    this.stopping ??= this.stopInOrder();
    return this.stopping;
  }

  /** Goes on to phase two at once. */
  hurry(): void {
    this.hurried();
  }

  private async stopInOrder(): Promise<void> {
    this.state.stop();
    const finished = this.consumer.stop().then(() => 'finished' as const);
    if ((await this.phaseOne(finished)) !== 'finished') await this.phaseTwo(finished);
    this.cancellations.close();
    this.typeSettings.close();
    this.schedules.close();
    this.health.close();
    const stopping = [
      this.draining,
      this.heartbeat,
      this.runningTypes,
      this.types,
      this.typeRules,
      this.artifacts,
    ];
    const closing = [...stopping.map((one) => one.stop()), this.queues.close()];
    await Promise.race([Promise.all(closing), after(CLEAN_UP_MS)]);
    this.redis.close();
    this.logger.log('stopped');
  }

  private phaseOne(finished: Promise<'finished'>): Promise<unknown> {
    const { runningCount } = this.state;
    const seconds = this.identity.settings.SHUTDOWN_SECONDS;
    // Without Redis the claim under way cannot end, and with no job running nothing else is waited for.
    if (runningCount === 0 && !this.redis.isUp) return Promise.resolve();
    if (runningCount > 0) this.logger.log(`stopping: ${jobs(runningCount)} may finish within ${seconds} s`);
    return Promise.race([finished, this.hurry$, after(seconds * 1000)]);
  }

  private async phaseTwo(finished: Promise<'finished'>): Promise<void> {
    const { runningCount } = this.state;
    if (runningCount > 0) this.logger.log(`handing ${jobs(runningCount)} back to the queue`);
    this.consumer.release();
    const waitMs = this.redis.isUp || runningCount > 0 ? HAND_BACK_MS : NOTHING_TO_DO_MS;
    const ended = await Promise.race([finished, after(waitMs)]);
    if (ended !== 'finished' && this.state.runningCount > 0) {
      this.logger.warn(
        `${jobs(this.state.runningCount)} not handed back: their leases will end, and then they run again`,
      );
    }
  }
}

function after(ms: number): Promise<void> {
  return sleep(ms, undefined, { ref: false });
}

function jobs(count: number): string {
  return count === 1 ? '1 running job' : `${count} running jobs`;
}
