import type { Stand } from './stand.js';

export const numbered = (count: number, name = 'job') =>
  Array.from({ length: count }, (_, at) => `${name}-${String(at).padStart(3, '0')}`);

export const job = (id: string, opts: object = {}) => ({ id, opts, attemptsMade: 0 }) as never;

/** What became of each: its value, or the code of its error. */
export async function outcomes<T>(acts: readonly Promise<T>[]): Promise<(T | string | number)[]> {
  return (await Promise.allSettled(acts)).map((one) =>
    one.status === 'fulfilled' ? one.value : (one.reason as { code: string | number }).code,
  );
}

/**
 * Lets the stand's store know busy times, as one that works has them: up to some thirty operations of a turn then travel
 * in one call. The queue must be empty.
 */
export async function warmUp(stand: Stand): Promise<void> {
  await Promise.all(numbered(100).map((token) => stand.claim(token)));
}

export const addAll = ({ queue }: Stand, ids: readonly string[], opts: object = {}) =>
  queue.addBulk(ids.map((jobId) => ({ name: 't', data: { of: jobId }, opts: { jobId, ...opts } })));

/** A token of its own for each job. */
export const tokenOf = (id: string) => `token of ${id}`;

/** Lets these jobs, which are the only ones that wait, run, each under {@link tokenOf} it. */
export async function startAll(stand: Stand, ids: readonly string[]): Promise<void> {
  const claimed = await Promise.all(ids.map((id) => stand.claim(tokenOf(id))));
  if (claimed.join() !== ids.join()) throw new Error(`claimed ${claimed.join()}, not ${ids.join()}`);
}

/** A warm store whose jobs with these ids run, each under {@link tokenOf} it. */
export async function running(stand: Stand, ids: readonly string[], opts: object = {}): Promise<Stand> {
  await warmUp(stand);
  await addAll(stand, ids, opts);
  await startAll(stand, ids);
  return stand;
}

export interface Ending {
  keep?: boolean | number | object;
  goesOn?: boolean;
  token?: string;
}

export function complete({ backend }: Stand, id: string, ending: Ending = {}, result: unknown = { of: id }) {
  const { keep = false, goesOn = false, token = tokenOf(id) } = ending;
  return backend.moveToCompleted(job(id), result, keep as never, token, goesOn);
}

export function fail({ backend }: Stand, id: string, ending: Ending = {}, opts: object = {}) {
  const { keep = false, goesOn = false, token = tokenOf(id) } = ending;
  return backend.moveToFailed(job(id, opts), `${id} broke`, keep as never, token, goesOn);
}

/** What a report that was carried out is told. */
export const DONE = expect.objectContaining({ finishedOn: expect.any(Number) as number }) as object;

/** The id of the job that a report or a claim brought, or undefined. */
export function nextOf(answer: unknown): string | undefined {
  const { result } = answer as { result?: readonly unknown[] };
  return result?.[0] ? String(result[1]) : undefined;
}

/** The queue's events of one kind: ids, in order. */
export const idsIn = async (stand: Stand, event: string) =>
  (await stand.events()).filter((one) => one['event'] === event).map((one) => one['jobId']);
