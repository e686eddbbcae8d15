import { BatchStore, type CreateBatch } from '#libs/queue';
import type { BatchView } from '#libs/contracts';
import type { Stand } from './stand.js';

export const batchStore = (stand: Stand) => new BatchStore(stand.backend);

/** Creates a batch of `count` jobs `<prefix>0`, `<prefix>1` and so on. */
export async function addBatch(
  stand: Stand,
  count: number,
  options: Partial<CreateBatch> = {},
  prefix = 'i',
): Promise<string> {
  const items = Array.from({ length: count }, (_, at) => ({ id: `${prefix}${at}`, type: 'item' }));
  return (await batchStore(stand).create({ items, ...options })).batch.id;
}

/** Jobs of a batch by where the store has them, and how those that ended did. */
export async function whereabouts(stand: Stand, batch: string) {
  const [open, held, ends] = await Promise.all([
    stand.redis.smembers(stand.key(`batch-open:${batch}`)),
    stand.redis.zrange(stand.key(`batch-held:${batch}`), 0, -1),
    stand.redis.hgetall(stand.key(`batch-ends:${batch}`)),
  ]);
  return { open: open.sort(), held, ends };
}

export const countsOf = async (stand: Stand, batch: string): Promise<Partial<BatchView['counts']>> => {
  const { counts } = await batchStore(stand).get(batch);
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count > 0));
};

const jobNamed = (id: string) => ({ id, opts: { attempts: 3 }, attemptsMade: 0 }) as never;

export const completeJob = (stand: Stand, id: string, token = 'token') =>
  stand.backend.moveToCompleted(jobNamed(id), 1, false, token, false);
