// More jobs of legacy services than one call can sort are taken in several, and the order of their arrival stays.
import { legacyJob } from './support/legacy.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

/** Adds jobs as legacy does; nobody listens. */
async function leave(stand: Stand, from: number, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, at) => `go-${String(from + at).padStart(5, '0')}`);
  for (const id of ids) await stand.legacy.add(legacyJob({ id, priority: 1 }));
  return ids;
}

const adopt = (stand: Stand, ...announced: string[]): Promise<number> =>
  stand.backend.scripts.run<number>('adoptAdded', '0', ...announced);

it('a backlog of which some are announced meanwhile, and that grows, is taken in order', async () => {
  const stand = open();
  const first = await leave(stand, 0, 300);
  // Looks at all of them, and takes none yet.
  expect(await adopt(stand)).toBe(1);
  const announced = first.slice(0, 100);
  const second = await leave(stand, 300, 150);
  await adopt(stand, ...announced);
  while ((await adopt(stand)) === 1);
  expect(await stand.queued()).toEqual([...first, ...second]);
});
