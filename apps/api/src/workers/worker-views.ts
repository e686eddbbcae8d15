import { Injectable } from '@nestjs/common';
import type { WorkerView } from '#libs/contracts';
import { DrainOrders, QueueService, WorkerFleet, type DrainOrder, type Heartbeat } from '#libs/queue';
import { WorkerNotDrainableError, WorkerNotFoundError } from '../problems/operation-errors.js';
import { QueueName } from '../redis/queue-name.js';

/** An answer of Redis holds for so long: asking often costs no more. */
const FRESH_MS = 1000;
const MOST_JOBS = 100;

type Known = { workers: Heartbeat[]; complete: boolean };

/** Workers as people read them, and orders to them. */
@Injectable()
export class WorkerViews {
  private readonly fleet: WorkerFleet;
  private readonly orders: DrainOrders;
  private known: { at: number; answer: Promise<Known> } | undefined;

  constructor(queue: QueueService, own: QueueName) {
    const client = () => queue.backend.client();
    this.fleet = new WorkerFleet(client, own.prefix);
    this.orders = new DrainOrders(client, own.prefix);
  }

  /** All live workers by id, up to a second old; `complete` is false while legacy ones are still being looked for. */
  async all(): Promise<Known> {
    const now = performance.now();
    if (!this.known || now - this.known.at > FRESH_MS) {
      const known = { at: now, answer: this.fleet.list() };
      this.known = known;
      // An answer that did not come is none for the next second.
      known.answer.catch(() => (this.known = undefined));
    }
    return this.known.answer;
  }

  /** How many workers say that they serve a queue. */
  async countOf(queue: string): Promise<number> {
    return (await this.all()).workers.filter((worker) => worker.queue === queue).length;
  }

  async viewsOf(workers: readonly Heartbeat[]): Promise<WorkerView[]> {
    const orders = await this.orders.ofMany(workers.map(({ id, instance }) => ({ id, instance })));
    return workers.map((worker, at) => toView(worker, orders[at]));
  }

  /** @throws {WorkerNotFoundError} */
  async find(id: string): Promise<WorkerView> {
    const [view] = await this.viewsOf([await this.live(id)]);
    return view as WorkerView;
  }

  /**
   * Tells a worker to claim no more jobs, or to claim again.
   *
   * @throws {WorkerNotFoundError} when it does not live; {WorkerNotDrainableError} when it reads no orders.
   */
  async order(id: string, drain: boolean): Promise<WorkerView> {
    const { instance } = await this.live(id);
    if (instance === undefined) throw new WorkerNotDrainableError(id);
    await this.orders.give(id, { drain, instance });
    return this.find(id);
  }

  private async live(id: string): Promise<Heartbeat> {
    const worker = await this.fleet.find(id);
    if (!worker) throw new WorkerNotFoundError(id);
    return worker;
  }
}

function toView(worker: Heartbeat, order: DrainOrder | undefined): WorkerView {
  const jobs = worker.current_jobs ?? (worker.current_job === '' ? [] : [worker.current_job]);
  const beat = Date.parse(worker.last_heartbeat ?? '');
  return {
    id: worker.id,
    legacy: worker.language !== 'typescript' && worker.instance === undefined,
    language: worker.language ?? 'unknown',
    version: worker.version,
    status: worker.status,
    queue: worker.queue,
    types: worker.types,
    slots: worker.concurrency,
    currentJobs: jobs.slice(0, MOST_JOBS),
    running: jobs.length,
    processed: worker.jobs_processed,
    succeeded: worker.jobs_succeeded,
    failed: worker.jobs_failed,
    uptimeSeconds: worker.uptime_seconds,
    lastHeartbeat: Number.isNaN(beat) ? undefined : new Date(beat).toISOString(),
    draining: worker.draining,
    drainRequested: order?.drain ?? false,
  };
}
