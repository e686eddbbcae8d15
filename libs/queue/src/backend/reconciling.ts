import { Cluster, type Redis } from 'ioredis';
import { adoptAll } from './adding.js';
import type { QueueKeys } from './keys.js';
import type { RedisClient, Scripts } from './scripts.js';

/** Ids one script call looks after. */
const BATCH = 100;
/** Waiting parents one pass looks at, and children of each. */
const PARENTS = 100;
const CHILDREN = 20;
/** Batches of jobs that one pass looks at, and {@link BATCH} jobs of each. */
const BATCHES = 5;
/** Ids one survey call looks at. */
const SURVEY = 500;
/** Calls of SCAN in one pass, and keys each looks at: a large database takes several passes. */
const SCANS = 10;
const SCAN_COUNT = 1000;
/**
 * After its first pass a process goes on by itself until it has seen all keys once, for what was left behind before it
 * started. Milliseconds between two calls: a hundred seconds for a million keys, and hardly anything of Redis' time.
 */
const SCAN_PAUSE_MS = 100;

export interface PassOptions {
  /** How often a job may be put back before it is failed. */
  maxStalls: number;
  /** Milliseconds a job must be missing before it is put back. Default 1000. */
  graceMs?: number;
}

/**
 * Finds what legacy services and crashes leave behind, and brings it into order: jobs added and not
 * adopted, jobs taken without a lease, jobs finished by a legacy service, jobs in no structure at all.
 */
export class Reconciling {
  /** Where the scan of a server goes on: a Cluster has several. */
  private readonly scanCursors = new Map<string, string>();
  private firstRound: Promise<void> | undefined;
  /** Ids it put back; the next pass tells of them. */
  private putBack: string[] = [];
  /** Delayed jobs are looked at a window a pass. */
  private delayedRank = 0;
  private parentsRank = 0;

  constructor(
    private readonly scripts: Scripts,
    private readonly client: () => Promise<RedisClient>,
    private readonly keys: QueueKeys,
  ) {}

  /**
   * One pass. A pass over a queue in order costs a few commands.
   *
   * @returns ids put back.
   */
  async pass(options: PassOptions): Promise<string[]> {
    await adoptAll(this.scripts, true);
    const back = this.putBack.splice(0);
    for await (const suspects of this.suspects()) back.push(...(await this.lookAfter(suspects, options)));
    back.push(...(await this.lookAfter(await this.unknown(SCANS), options)));
    this.firstRound ??= this.goThrough(options).catch(() => undefined);
    const next = await this.scripts.run<number>('lookAfterParents', this.parentsRank, PARENTS, CHILDREN);
    this.parentsRank = Math.max(0, next);
    if (await this.hasBatches()) await this.scripts.run('lookAfterBatches', BATCHES, BATCH);
    return back;
  }

  /** Asked by a plain command: most queues have none, and compiling a script costs more than all else of a pass. */
  private async hasBatches(): Promise<boolean> {
    const client = await this.client();
    return (await client.exists(this.keys.key('batches'), this.keys.key('batches-open'))) > 0;
  }

  /** Looks after the named jobs. @returns ids put back. */
  async lookAfter(ids: readonly string[], { maxStalls, graceMs = 1000 }: PassOptions): Promise<string[]> {
    const back: string[] = [];
    for (let from = 0; from < ids.length; from += BATCH) {
      const batch = ids.slice(from, from + BATCH);
      back.push(...(await this.scripts.run<string[]>('reconcile', graceMs, maxStalls, ...batch)));
    }
    return back;
  }

  private async *suspects(): AsyncGenerator<string[]> {
    let rank = 0;
    let cursor = '0';
    do {
      const [ids, nextRank, nextCursor, delayedRank] = await this.scripts.run<
        [string[], number, string, number]
      >('survey', rank, SURVEY, cursor, this.delayedRank);
      this.delayedRank = delayedRank;
      yield ids;
      rank = nextRank;
      cursor = nextCursor === '0' ? '' : nextCursor;
    } while (rank >= 0 || cursor !== '');
  }

  /** Looks at the keys that are left of the first round. Ends early with the connection; later passes go on then. */
  private async goThrough(options: PassOptions): Promise<void> {
    while (![...this.scanCursors.values()].every((cursor) => cursor === '0')) {
      await new Promise((resolve) => setTimeout(resolve, SCAN_PAUSE_MS).unref());
      this.putBack.push(...(await this.lookAfter(await this.unknown(1), options)));
    }
  }

  /** Ids with a status that stand in no index: added and taken before Drover ever looked. */
  private async unknown(scans: number): Promise<string[]> {
    const client = await this.client();
    const found = new Set<string>();
    for (const node of client instanceof Cluster ? client.nodes('master') : [client]) {
      await this.scan(node, scans, found);
    }
    const ids = [...found];
    if (ids.length === 0) return [];
    const known = await Promise.all(
      chunks(ids, SURVEY).map((part) => client.zmscore(this.keys.key('ids'), ...part)),
    );
    const scores = known.flat();
    return ids.filter((_, at) => scores[at] === null);
  }

  /** Adds the ids of the statuses on one server to `found`, going on where the last pass stopped. */
  private async scan(node: Redis, scans: number, found: Set<string>): Promise<void> {
    const prefix = this.keys.status('');
    const pattern = `${escapeGlob(prefix)}*`;
    const server = `${node.options.host}:${node.options.port}`;
    let cursor = this.scanCursors.get(server) ?? '0';
    for (let nth = 0; nth < scans; nth++) {
      const [next, keys] = await node.scan(cursor, 'MATCH', pattern, 'COUNT', SCAN_COUNT, 'TYPE', 'string');
      for (const key of keys) found.add(key.slice(prefix.length));
      cursor = next;
      if (cursor === '0') break;
    }
    this.scanCursors.set(server, cursor);
  }
}

/** A text as part of a pattern of SCAN. */
export const escapeGlob = (text: string) => text.replace(/[*?[\]\\]/g, '\\$&');

function chunks<T>(items: readonly T[], size: number): T[][] {
  const parts: T[][] = [];
  for (let from = 0; from < items.length; from += size) parts.push(items.slice(from, from + size));
  return parts;
}
