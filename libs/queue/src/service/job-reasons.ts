import type { JobView, WaitingReason } from '#libs/contracts';
import type { DroverBackend } from '../backend/drover-backend.js';
import { TypeCatalog } from '../types/type-catalog.js';
import { TypeLimits } from '../types/type-limits.js';

/** Why a job does not run yet. */
export interface WhyWaiting {
  /** False for a job that runs or has finished: then there are no reasons. */
  isWaiting: boolean;
  reasons: WaitingReason[];
}

/** Children that are named. */
const NAMED_CHILDREN = 20;

/** Finds out why jobs wait. It looks at one moment after the other, so reasons may be a few milliseconds apart. */
export class JobReasons {
  private readonly types: TypeCatalog;
  private readonly limits: TypeLimits;

  constructor(private readonly backend: DroverBackend) {
    const client = () => backend.client();
    this.types = new TypeCatalog(client, backend.queueKeys);
    this.limits = new TypeLimits(client, backend.queueKeys, backend.storeOptions);
  }

  async of(job: JobView): Promise<WhyWaiting> {
    if (job.status !== 'pending') return { isWaiting: false, reasons: [] };
    const found = await Promise.all([
      this.ofJob(job),
      this.ofQueue(),
      this.ofType(job.type),
      this.ofWorkers(job.type),
    ]);
    const reasons = found.flat();
    return { isWaiting: true, reasons: [...reasons, ...placeOf(job, reasons.length === 0)] };
  }

  private async ofJob(job: JobView): Promise<WaitingReason[]> {
    if (job.state === 'waiting-children') return [await this.childrenOf(job.id)];
    if (job.state !== 'delayed' || job.delayedUntil === undefined) return [];
    const { delayedUntil: until, attempts, error } = job;
    if (attempts.made === 0)
      return [{ code: 'DELAYED', message: `it is delayed until ${until}`, data: { until } }];
    const tries = `attempt ${attempts.made} of ${attempts.max} failed`;
    const data = { until, attempt: attempts.made, attempts: attempts.max, ...(error && { error }) };
    return [{ code: 'BACKOFF', message: `${tries}: it is tried again at ${until}`, data }];
  }

  private async childrenOf(id: string): Promise<WaitingReason> {
    const { flowQueries } = this.backend;
    const [count = 0] = await flowQueries.counts(id, ['unprocessed']);
    const { unprocessed = [] } = await flowQueries.dependencies(id, {
      unprocessed: { count: NAMED_CHILDREN },
    });
    const children = unprocessed.slice(0, NAMED_CHILDREN).map((key) => {
      const { queueName: queue, id: child } = this.backend.parseNodeKey(key);
      return { queue, id: child };
    });
    return {
      code: 'WAITING_FOR_CHILDREN',
      message: `it waits for ${count} ${count === 1 ? 'child' : 'children'}`,
      data: { count, children },
    };
  }

  private async ofQueue(): Promise<WaitingReason[]> {
    const { metadata, limits, reading, queueKeys } = this.backend;
    const queue = queueKeys.queue;
    const [[paused, concurrency], isMaxed, [running = 0], ms] = await Promise.all([
      metadata.get(['paused', 'concurrency']),
      limits.isMaxed(),
      reading.counts(['active']),
      limits.timeToLive(),
    ]);
    const reasons: WaitingReason[] = [];
    if (paused) reasons.push({ code: 'QUEUE_PAUSED', message: `queue ${queue} is paused`, data: { queue } });
    if (isMaxed) {
      const limit = Number(concurrency);
      const message = `queue ${queue} runs ${running} jobs, and at most ${limit} at once`;
      reasons.push({ code: 'QUEUE_AT_LIMIT', message, data: { queue, limit, running } });
    }
    if (ms > 0) {
      const until = new Date(Date.now() + ms).toISOString();
      const message = `queue ${queue} has started as many jobs as its rate limit allows until ${until}`;
      reasons.push({ code: 'RATE_LIMITED', message, data: { queue, until } });
    }
    return reasons;
  }

  private async ofType(type: string): Promise<WaitingReason[]> {
    const client = await this.backend.client();
    const [limits, counted, published, overrides] = await Promise.all([
      this.limits.read(),
      client.hget(this.backend.queueKeys.key('slot-counts'), `g${type}`),
      this.types.list(),
      this.types.overridesOf(type),
    ]);
    const live = published.find((one) => one.type === type);
    const { global = null, perProcess = null } = limits.get(type) ?? {};
    const isEnabled = overrides.enabled ?? live?.settings.enabled ?? true;
    if (!isEnabled || global === 0) {
      return [{ code: 'TYPE_DISABLED', message: `type ${type} is disabled`, data: { type } }];
    }
    const running = Number(counted ?? 0);
    if (global !== null && running >= global) {
      const message = `${running} jobs of type ${type} run, and at most ${global} at once`;
      return [{ code: 'TYPE_AT_LIMIT', message, data: { type, limit: global, running } }];
    }
    const workers = live?.workers.length ?? 1;
    if (perProcess === null || running < perProcess * workers) return [];
    const message = `${running} jobs of type ${type} run, and each worker runs at most ${perProcess} at once`;
    return [{ code: 'TYPE_AT_WORKER_LIMIT', message, data: { type, limit: perProcess, running, workers } }];
  }

  /** Workers that publish what they run, and others of TypeScript by their connections. Legacy workers cannot be seen. */
  private async ofWorkers(type: string): Promise<WaitingReason[]> {
    const { queue } = this.backend.queueKeys;
    const published = await this.types.list();
    if (published.some((one) => one.type === type)) return [];
    if (published.length > 0) {
      const message = `no live worker of queue ${queue} runs type ${type}`;
      return [{ code: 'NO_WORKER_FOR_TYPE', message, data: { queue, type } }];
    }
    if ((await this.connectedWorkers()) !== 0) return [];
    const message = `no worker of queue ${queue} is known to be alive (legacy workers are not seen)`;
    return [{ code: 'NO_WORKER', message, data: { queue } }];
  }

  /** Connections of BullMQ's workers; undefined where a Redis user may not ask. */
  private async connectedWorkers(): Promise<number | undefined> {
    const name = this.backend.clientName();
    try {
      const lists = await this.backend.metadata.clientLists();
      const names = lists.flatMap((list) =>
        [...list.matchAll(/ name=(\S+)/g)].map(([, found = '']) => found),
      );
      return names.filter((found) => found === name || found.startsWith(`${name}:w:`)).length;
    } catch (error) {
      if (error instanceof Error && error.message.startsWith('NOPERM')) return undefined;
      throw error;
    }
  }
}

/** Where it stands, last of all; `isFree` = nothing else holds it up. */
function placeOf({ position }: JobView, isFree: boolean): WaitingReason[] {
  if (position !== undefined && position > 1) {
    const ahead = position - 1;
    const message = `${ahead} ${ahead === 1 ? 'job is' : 'jobs are'} ahead of it`;
    return [{ code: 'BEHIND_OTHERS', message, data: { position, ahead } }];
  }
  if (!isFree) return [];
  return [{ code: 'NEXT', message: 'it is next: the first worker that has room for it takes it', data: {} }];
}
