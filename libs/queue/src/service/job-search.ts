import { PRIORITIES, type JobStatus, type PriorityName } from '#libs/contracts';
import type { DroverBackend } from '../backend/drover-backend.js';

/** Which jobs are meant; all that is given must fit. */
export interface JobFilter {
  status?: JobStatus | undefined;
  /** A name, or a pattern: `*` stands for anything. */
  type?: string | undefined;
  /** A name stands for its band: `high` for 2 and more, `low` for 0 and less. */
  priority?: PriorityName | number | undefined;
  creator?: string | undefined;
  tag?: string | undefined;
  /** Unix ms, included. */
  createdAfter?: number | undefined;
  /** Unix ms, not included. */
  createdBefore?: number | undefined;
  /** Part of the reason of the last failure; case does not matter. */
  error?: string | undefined;
}

/** A place in the lists that a filter means: behind which job to go on. It stays right while jobs come and go. */
export interface JobPlace {
  /** Number of the list, from 0. */
  list: number;
  /** '' = at the start of that list. */
  score: string;
  id: string;
}

/** One piece of a search. */
export interface SearchPiece {
  found: FoundJob[];
  /** How many jobs were looked at. */
  looked: number;
  /** Where to go on; undefined at the end. */
  next: JobPlace | undefined;
}

/** A job that fits, with its place. */
export interface FoundJob {
  id: string;
  score: string;
  /** Name of the list it stands in. */
  list: string;
}

interface List {
  name: string;
  direction: 'up' | 'down';
}

/** Jobs looked at in one call: it holds Redis for a few milliseconds. */
export const PIECE = 500;

/** Where the jobs of a status stand: pending ones in the order they will run, all others the newest first. */
const LISTS: Record<JobStatus | 'all', readonly List[]> = {
  all: [{ name: 'ids', direction: 'down' }],
  pending: [
    { name: 'queue', direction: 'up' },
    { name: 'parked', direction: 'up' },
    { name: 'delayed', direction: 'up' },
    { name: 'waiting-children', direction: 'up' },
  ],
  running: [{ name: 'leases', direction: 'down' }],
  completed: [{ name: 'completed', direction: 'down' }],
  failed: [{ name: 'failed', direction: 'down' }],
  cancelled: [{ name: 'cancelled', direction: 'down' }],
};

type Told = [found: string[], score: string, id: string, looked: number, atEnd: number];

/** Looks for jobs piece by piece: each call is bounded, however many jobs there are. */
export class JobSearch {
  constructor(private readonly backend: DroverBackend) {}

  /**
   * Looks at the next piece.
   *
   * @param place behind which to go on; without it from the start.
   * @param wanted most jobs to find; the place is then behind the last of them.
   * @param most jobs to look at; at most {@link PIECE}.
   */
  async piece(
    filter: JobFilter,
    place: JobPlace | undefined,
    wanted = PIECE,
    most = PIECE,
  ): Promise<SearchPiece> {
    const lists = LISTS[filter.status ?? 'all'];
    const at = Math.min(place?.list ?? 0, lists.length - 1);
    const { name, direction } = lists[at] as List;
    const { score, id } = place?.score ? place : startOf(name, filter);
    const [flat, lastScore, lastId, looked, atEnd] = await this.backend.scripts.run<Told>(
      'searchJobs',
      name,
      direction,
      score,
      id,
      Math.min(most, PIECE),
      wanted,
      JSON.stringify(written(filter)),
      this.backend.storeOptions.defaultType,
    );
    const isLast = atEnd === 1 && at === lists.length - 1;
    const behind = { list: at, score: lastScore, id: lastId };
    const next = isLast ? undefined : atEnd === 1 ? { list: at + 1, score: '', id: '' } : behind;
    return { found: pairs(flat, name), looked, next };
  }

  /**
   * Finds the next `limit` jobs, looking at no more than `most`.
   *
   * @returns the jobs' ids; where to go on, if there may be more; and whether it stopped before it had found `limit`.
   */
  async page(
    filter: JobFilter,
    place: JobPlace | undefined,
    { limit, most }: { limit: number; most: number },
  ): Promise<{ ids: string[]; next: JobPlace | undefined; isPartial: boolean }> {
    const found: (FoundJob & { listNumber: number })[] = [];
    let next = place;
    for (let left = most; left > 0;) {
      const listNumber = next?.list ?? 0;
      // One more than asked for, to know whether there is a next page.
      const piece = await this.piece(filter, next, limit + 1 - found.length, left);
      found.push(...piece.found.map((job) => ({ ...job, listNumber })));
      left -= Math.max(piece.looked, 1);
      next = piece.next;
      if (found.length > limit || next === undefined) break;
    }
    const ids = found.slice(0, limit).map(({ id }) => id);
    const last = found[limit - 1];
    if (found.length > limit && last) {
      return { ids, next: { list: last.listNumber, score: last.score, id: last.id }, isPartial: false };
    }
    return { ids, next, isPartial: next !== undefined };
  }
}

/** Only the list of all jobs is in the order of creation: there a time is a place. */
function startOf(list: string, { createdBefore }: JobFilter): { score: string; id: string } {
  return { score: list === 'ids' && createdBefore !== undefined ? String(createdBefore) : '', id: '' };
}

/** The filter as the script reads it. */
function written({ type, priority, creator, tag, createdAfter, createdBefore, error }: JobFilter): object {
  return {
    parts: type?.split('*'),
    ...bandOf(priority),
    creator,
    tag,
    from: createdAfter,
    to: createdBefore,
    error: error && lower(error),
  };
}

/** As Lua does it: letters of ASCII only. */
const lower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());

function bandOf(priority: JobFilter['priority']): { lowest?: number; highest?: number } {
  if (priority === undefined) return {};
  if (priority === 'high') return { lowest: PRIORITIES.high };
  if (priority === 'low') return { highest: PRIORITIES.low };
  const exactly = priority === 'normal' ? PRIORITIES.normal : priority;
  return { lowest: exactly, highest: exactly };
}

function pairs(flat: readonly string[], list: string): FoundJob[] {
  const found: FoundJob[] = [];
  for (let at = 0; at < flat.length; at += 2) {
    found.push({ id: flat[at] as string, score: flat[at + 1] as string, list });
  }
  return found;
}
