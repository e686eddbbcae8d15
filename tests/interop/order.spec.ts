import { waitFor } from '../support/wait.js';
import { describeWithGo } from './support/legacy-build.js';
import { useStand, type Stand } from './support/stand.js';

/** Ids that would come out the other way round if they, and not arrival, decided. */
const arriving = Array.from({ length: 12 }, (_, n) => `${String.fromCharCode(122 - n)}-job`);

/** Lets both sides add in turn. */
async function addInTurn({ go, ts }: Stand, ids: readonly string[], priority: number): Promise<void> {
  for (const [at, id] of ids.entries()) {
    if (at % 2 === 0) await go.add({ id, priority });
    else await ts.service.addJob({ id, priority });
  }
}

/** Resolves when Drover has given every pending job its place: Go's own scores are whole numbers. */
async function allPlaced({ ts, redis, key }: Stand, count: number): Promise<void> {
  ts.standBy();
  await waitFor(
    async () => {
      const scores = (await redis.zrange(key('queue'), 0, -1, 'WITHSCORES')).filter((_, at) => at % 2 === 1);
      return scores.length === count && scores.every((score) => !Number.isInteger(Number(score)));
    },
    { what: `${count} jobs being placed` },
  );
}

async function popAll({ go }: Stand): Promise<string[]> {
  const ids: string[] = [];
  for (let job = await go.dequeue(); job; job = await go.dequeue()) ids.push(job.id);
  return ids;
}

async function runAll({ ts }: Stand, count: number): Promise<string[]> {
  const { ids } = ts.work(undefined, { concurrency: 1 });
  await waitFor(() => ids().length === count, { what: `${count} jobs running` });
  return ids();
}

describeWithGo('order within a priority is arrival', () => {
  const open = useStand();

  it('when both sides add and TypeScript runs', async () => {
    const stand = open();
    await addInTurn(stand, arriving, 1);
    expect(await runAll(stand, arriving.length)).toEqual(arriving);
  });

  it('when both sides add and Go pops', async () => {
    const stand = open();
    await addInTurn(stand, arriving, 1);
    await allPlaced(stand, arriving.length);
    expect(await popAll(stand)).toEqual(arriving);
  });

  it('when both sides add and QueueService takes', async () => {
    const stand = open();
    await addInTurn(stand, arriving, 1);
    const ids: (string | undefined)[] = [];
    while (ids.length < arriving.length) ids.push((await stand.ts.service.dequeueJob())?.id);
    expect(ids).toEqual(arriving);
  });

  it('when Go alone adds a burst, and pops it', async () => {
    const stand = open();
    const ids = await stand.go.addMany(150, { id: 'burst' });
    await allPlaced(stand, ids.length);
    expect(await popAll(stand)).toEqual(ids);
  });

  it('when Go alone adds a burst while Drover looks around all the time', async () => {
    const stand = open({ reconcileSeconds: 0.02 });
    stand.ts.standBy();
    const ids = await stand.go.addMany(600, { id: 'burst' });
    await allPlaced(stand, ids.length);
    expect(await popAll(stand)).toEqual(ids);
  });

  it('when Go alone adds a burst before TypeScript is there, and TypeScript runs it', async () => {
    const stand = open();
    const ids = await stand.go.addMany(150, { id: 'burst' });
    expect(await runAll(stand, ids.length)).toEqual(ids);
  });

  it.each([-5, 0, 2, 7])('at priority %s, too', async (priority) => {
    const stand = open();
    await addInTurn(stand, arriving, priority);
    await allPlaced(stand, arriving.length);
    expect(await popAll(stand)).toEqual(arriving);
  });

  it.each(['TypeScript', 'Go'])('and high comes before normal before low when %s takes', async (taker) => {
    const stand = open();
    for (const [priority, letter] of [0, 2, 1, 0, 1, 2].map((n, at) => [n, 'zyxwvu'[at]] as const)) {
      await addInTurn(stand, [`${letter}1`, `${letter}0`], priority);
    }
    const expected = ['y1', 'y0', 'u1', 'u0', 'x1', 'x0', 'v1', 'v0', 'z1', 'z0', 'w1', 'w0'];
    await allPlaced(stand, expected.length);

    expect(await (taker === 'Go' ? popAll(stand) : runAll(stand, expected.length))).toEqual(expected);
  });

  it('and Go counts each placed job once', async () => {
    const stand = open();
    for (const priority of [0, 1, 1, 2, 2, 2]) {
      await stand.ts.service.addJob({ id: `ts-${Math.random()}`, priority });
      await stand.go.add({ id: `go-${Math.random()}`, priority });
    }
    await allPlaced(stand, 12);
    expect(await stand.go.stats()).toMatchObject({
      queue_length: 12,
      high_priority: 6,
      normal_priority: 4,
      low_priority: 2,
    });
  });
});
