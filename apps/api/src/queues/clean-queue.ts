import { z } from 'zod';
import type { CleanableStatus, CleanedQueue, CleanQueue } from '#libs/contracts';
import type { CleanState, DroverBackend } from '#libs/queue';
import { fromCursor, toCursor } from '../http/cursor.js';

/** Steps of one request, each over up to 500 jobs. */
const LOOKS = 200;

const STATES: Record<CleanableStatus, CleanState> = {
  completed: 'completed',
  failed: 'failed-only',
  cancelled: 'cancelled',
  waiting: 'queued',
  delayed: 'delayed',
};

/** The status a request was about, its rank to go on from, and the time that its age was counted from. */
const placeSchema = z.tuple([
  z.enum(['completed', 'failed', 'cancelled', 'waiting', 'delayed']),
  z.int().min(0),
  z.int().min(0),
]);

/**
 * Removes old jobs of one status, or with `dryRun` counts them.
 *
 * @throws {InvalidRequestError} for a cursor that no answer for this status gave.
 */
export async function cleanQueue(backend: DroverBackend, body: CleanQueue): Promise<CleanedQueue> {
  const { status, olderThan, limit, dryRun, cursor } = body;
  const place = fromCursor(
    placeSchema.refine(([asked]) => asked === status),
    cursor,
  );
  const [, from = 0, since = Date.now()] = place ?? [];
  const { removed, rank } = await backend.maintenance.cleanSome(STATES[status], {
    before: Math.max(0, since - olderThan),
    most: limit,
    looks: LOOKS,
    rank: from,
    isDry: dryRun,
  });
  return { removed, dryRun, ...(rank >= 0 && { nextCursor: toCursor([status, rank, since]) }) };
}
