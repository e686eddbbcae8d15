// The hazard "equal priorities pop in order of id, not of arrival".
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

/** Ids that would come out the other way round if they, and not arrival, decided. */
const descending = (count: number) => Array.from({ length: count }, (_, at) => `job-${9999 - at}`);

async function addInTurn(
  { legacy, service }: Stand,
  ids: readonly string[],
  priority: number,
): Promise<void> {
  for (const [at, id] of ids.entries()) {
    if (at % 2 === 0) await legacy.add({ id, priority });
    else await service.addJob({ id, priority });
  }
}

describe('equal priorities pop in order of id, not of arrival', () => {
  it.each([-5, 0, 1, 2, 7, 5000])(
    'Drover takes jobs of both sides in order of arrival at priority %s',
    async (priority) => {
      const stand = open();
      const ids = descending(12);
      await addInTurn(stand, ids, priority);
      expect(await stand.claimAll()).toEqual(ids);
    },
  );

  it.each([-5, 0, 1, 2, 7, 5000])(
    'legacy pops jobs of both sides in order of arrival at priority %s',
    async (priority) => {
      const stand = open();
      const ids = descending(12);
      await addInTurn(stand, ids, priority);
      await stand.pass();
      expect(await stand.popAll()).toEqual(ids);
    },
  );

  it('both sides pop in turn in order of arrival', async () => {
    const stand = open();
    const ids = descending(20);
    await addInTurn(stand, ids, 1);
    await stand.pass();
    const popped: (string | undefined)[] = [];
    while (popped.length < ids.length) popped.push(await stand.claim(), (await stand.legacy.dequeue())?.id);
    expect(popped).toEqual(ids);
  });

  it.each([99, 100, 101, 350])(
    '%s jobs that legacy added before Drover came run in order of arrival',
    async (count) => {
      const stand = open();
      const ids = descending(count);
      for (const id of ids) await stand.legacy.add({ id });
      expect(await stand.claimAll()).toEqual(ids);
    },
  );

  it('a job that Drover adds behind many that nobody adopted yet runs after them', async () => {
    const stand = open();
    const ids = descending(250);
    for (const id of ids) await stand.legacy.add({ id });
    await stand.service.addJob({ id: 'a-late-one' });
    expect(await stand.claimAll()).toEqual([...ids, 'a-late-one']);
  });

  it('a pass over many jobs of legacy puts them in order of arrival', async () => {
    const stand = open();
    const ids = descending(450);
    for (const id of ids) await stand.legacy.add({ id });
    await stand.pass();
    expect(await stand.queued()).toEqual(ids);
  });

  it('jobs that arrive within one millisecond are ordered by the times in their documents', async () => {
    const stand = open();
    const time = (nanos: string) => `2026-01-02T03:04:05.${nanos}+02:00`;
    const jobs = [
      { id: 'c', created_at: time('000001') },
      { id: 'b', created_at: time('000400') },
      { id: 'a', created_at: time('001') },
    ];
    for (const job of jobs) await stand.legacy.add(job);
    const ends = Date.now() + 3_600_000;
    for (const { id } of jobs) await stand.redis.pexpireat(stand.key(`data:${id}`), ends);
    expect(await stand.claimAll()).toEqual(['c', 'b', 'a']);
  });

  it('higher priorities run first, whoever added them', async () => {
    const stand = open();
    for (const priority of [0, 2, 1, -1, 3, 1, 2, 0]) {
      await stand.legacy.add({ id: `legacy${priority}-${Math.random()}`, priority });
      await stand.service.addJob({ id: `ours${priority}-${Math.random()}`, priority });
    }
    const priorities = (await stand.claimAll()).map((id) => Number(/(-?\d)-0/.exec(id)?.[1]));
    expect(priorities).toEqual([3, 3, 2, 2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, -1, -1]);
  });

  it('a priority beyond what BullMQ knows keeps the order, too', async () => {
    const stand = open();
    for (const priority of [1e9, -1e9]) {
      const ids = descending(6).map((id) => `${id}:${priority}`);
      for (const id of ids) await stand.legacy.add({ id, priority });
      expect(await stand.claimAll()).toEqual(ids);
    }
  });

  it('many jobs added in one call run in order of the call', async () => {
    const stand = open();
    const names = descending(450);
    await stand.queue.addBulk(names.map((id) => ({ name: 't', data: {}, opts: { jobId: id, priority: 2 } })));
    expect(await stand.claimAll()).toEqual(names);
  });

  it('a band that is emptied and filled again and again keeps its order', async () => {
    const stand = open();
    for (let round = 0; round < 20; round++) {
      const ids = descending(3).map((id) => `${id}-${round}`);
      for (const id of ids) await stand.service.addJob({ id });
      expect(await stand.claim()).toBe(ids[0]);
      await stand.service.addJob({ id: `aaa-${round}` });
      expect(await stand.claimAll()).toEqual([ids[1], ids[2], `aaa-${round}`]);
    }
  });
});
