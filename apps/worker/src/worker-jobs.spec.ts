import { Injectable, Module } from '@nestjs/common';
import {
  type BatchItem,
  JobHandler,
  schedulerOf,
  type BatchJobHandler,
  type DeadLetter,
  type FlowChild,
  type JobContext,
} from '#libs/jobs';
import { waitFor } from '../../../tests/support/wait.js';
import { WorkerStand } from './worker.testkit.js';

/** What the handlers below did. */
@Injectable()
class Notes {
  readonly steps: string[] = [];
  readonly batches: number[] = [];
  readonly letters: DeadLetter[] = [];
  runs = 0;
  inGoodMood = false;
  private held: (() => void)[] = [];

  hold(): Promise<void> {
    return new Promise((resolve) => this.held.push(resolve));
  }

  release(): void {
    for (const go of this.held.splice(0)) go();
  }
}

@JobHandler({ type: 'test.steps', backoff: { base: 0 } })
class Steps {
  constructor(private readonly notes: Notes) {}

  async run({ failAt }: { failAt?: number }, { state, checkpoint, job }: JobContext<{ done: number }>) {
    for (let step = (state?.done ?? 0) + 1; step <= 4; step++) {
      if (step === failAt && job.attempt === 1) throw new Error(`step ${step} failed`);
      this.notes.steps.push(`${job.id}:${step}`);
      await checkpoint({ done: step });
    }
    return { startedAfter: state?.done ?? 0 };
  }
}

@JobHandler({ type: 'test.double' })
class Double {
  run({ of }: { of: number }) {
    if (of < 0) throw new RangeError(`cannot double ${of}`);
    return of * 2;
  }
}

@JobHandler({ type: 'test.flow', dependsOn: ['test.double'] })
class Flow {
  constructor(private readonly notes: Notes) {}

  async run(payload: { children: FlowChild[] }, { flow }: JobContext) {
    this.notes.runs++;
    return (await flow(payload.children)).map((child) =>
      child.status === 'completed' ? child.result : child.error,
    );
  }
}

@JobHandler({ type: 'test.moody' })
class Moody {
  constructor(private readonly notes: Notes) {}

  run() {
    if (!this.notes.inGoodMood) throw new Error('bad mood');
    return 'good';
  }
}

@JobHandler({ type: 'test.enqueue', backoff: { base: 0 } })
class Enqueue {
  async run(_: unknown, { enqueue, job }: JobContext) {
    const id = await enqueue('test.double', { of: 4 }, { key: 'four' });
    if (job.attempt === 1) throw new Error('after it was added');
    return id;
  }
}

@JobHandler({ type: 'test.cached', cache: '1h' })
class Cached {
  constructor(private readonly notes: Notes) {}

  run(payload: unknown) {
    return { run: ++this.notes.runs, payload };
  }
}

@JobHandler({ type: 'test.batch', batch: { size: 3, maxWait: '1h' }, timeout: '2h' })
class Batch implements BatchJobHandler<{ n: number }> {
  constructor(private readonly notes: Notes) {}

  runBatch(items: readonly BatchItem<{ n: number }>[]) {
    this.notes.batches.push(items.length);
    return items.map(({ payload: { n } }) => (n === 2 ? { error: new Error('two') } : { result: n * 10 }));
  }
}

@JobHandler({ type: 'test.doomed', attempts: 2, backoff: { base: 0 } })
class Doomed {
  constructor(private readonly notes: Notes) {}

  run() {
    throw new Error('always');
  }

  onDeadLetter(letter: DeadLetter) {
    this.notes.letters.push(letter);
  }
}

@JobHandler({ type: 'test.tick', schedule: { every: '1s', payload: { tick: true } } })
class Tick {
  constructor(private readonly notes: Notes) {}

  async run() {
    this.notes.runs++;
    await this.notes.hold();
  }
}

@Module({
  providers: [Notes, Steps, Double, Flow, Moody, Enqueue, Cached, Batch, Doomed],
})
class TestPlugin {}

@Module({ providers: [Notes, Tick] })
class TickPlugin {}

describe('a worker', () => {
  const stand = new WorkerStand();
  let notes: Notes;

  beforeAll(async () => {
    notes = (await stand.start([TestPlugin])).get(Notes, { strict: false });
  });
  beforeEach(() => {
    notes.runs = 0;
  });
  afterAll(() => stand.close());

  it('goes on after the last checkpoint when it tries a job again', async () => {
    const id = await stand.add('test.steps', { failAt: 3 });
    expect(await stand.ended(id)).toMatchObject({ status: 'completed', result: { startedAfter: 2 } });
    expect(notes.steps).toEqual([1, 2, 3, 4].map((step) => `${id}:${step}`));
  });

  it('runs a parent again with the results of its children', async () => {
    const children = [
      { type: 'test.double', payload: { of: 1 } },
      { type: 'test.double', payload: { of: 2 }, key: 'two' },
      { type: 'test.double', payload: { of: -1 }, mayFail: true, attempts: 1 },
    ];
    const id = await stand.add('test.flow', { children });
    expect(await stand.ended(id)).toMatchObject({ status: 'completed', result: [2, 4, 'cannot double -1'] });
    expect(notes.runs).toBe(2);
    expect(await stand.child(id, 'two')).toMatchObject({ status: 'completed', result: 4 });
  });

  it('fails a parent whose child fails', async () => {
    const children = [{ type: 'test.double', payload: { of: -1 }, attempts: 1 }];
    const id = await stand.add('test.flow', { children });
    const job = await stand.ended(id);
    expect(job.status).toBe('failed');
    expect(job.error).toMatch(/child .*failed/);
  });

  it('tries the failed children of a parent again that is replayed', async () => {
    const children = [
      { type: 'test.double', payload: { of: 3 } },
      { type: 'test.moody', attempts: 1 },
    ];
    const id = await stand.add('test.flow', { children });
    expect(await stand.ended(id)).toMatchObject({ status: 'failed' });
    notes.inGoodMood = true;
    await stand.queue.jobs.retry(id);
    expect(await stand.until(id, ({ status }) => status === 'completed')).toMatchObject({
      result: [6, 'good'],
    });
    expect(await stand.child(id, '0')).toMatchObject({ attempts: { started: 1 } });
  });

  it('goes on at once in a flow without children', async () => {
    const id = await stand.add('test.flow', { children: [] });
    expect(await stand.ended(id)).toMatchObject({ status: 'completed', result: [] });
  });

  it('adds a child once, also when the job that adds it is tried again', async () => {
    const id = await stand.add('test.enqueue');
    const parent = await stand.ended(id);
    const child = await stand.child(id, 'four');
    expect(parent).toMatchObject({ status: 'completed', attempts: { made: 2 }, result: child.id });
    expect(await stand.ended(child.id)).toMatchObject({ result: 8, attempts: { started: 1 } });
  });

  it('gives the result of an earlier job of the same payload, and says so', async () => {
    const first = await stand.ended(await stand.add('test.cached', { a: 1 }));
    const second = await stand.ended(await stand.add('test.cached', { a: 1 }));
    expect(second.result).toEqual(first.result);
    expect(notes.runs).toBe(1);
    expect(await stand.logs(second.id)).toEqual([expect.stringContaining(`result of job ${first.id}`)]);
  });

  it('puts jobs together for a batch handler, each with an end of its own', async () => {
    const ids = await Promise.all([1, 2, 3].map((n) => stand.add('test.batch', { n }, { attempts: 1 })));
    const jobs = await Promise.all(ids.map((id) => stand.ended(id)));
    expect(jobs.map(({ status, result, error }) => [status, result ?? error])).toEqual([
      ['completed', 10],
      ['failed', 'two'],
      ['completed', 30],
    ]);
    expect(notes.batches).toEqual([3]);
  });

  it('tells a handler of its dead letters', async () => {
    const id = await stand.add('test.doomed', { for: 'good' });
    await waitFor(() => notes.letters.length > 0);
    expect(notes.letters).toEqual([
      {
        job: expect.objectContaining({ id, type: 'test.doomed' }),
        payload: { for: 'good' },
        error: expect.objectContaining({ message: 'always' }),
      },
    ]);
  });

  it('tries a job that a Go service added as often as its type says', async () => {
    await stand.queue.addJob({ id: 'from-go', type: 'test.doomed', username: 'anna' });
    expect(await stand.ended('from-go')).toMatchObject({ status: 'failed', attempts: { made: 2 } });
  });

  it('tries a job that was created without attempts as often as its type says, with the wait of its type', async () => {
    const { id } = await stand.queue.jobs.create({ type: 'test.doomed' });
    expect(await stand.ended(id)).toMatchObject({ status: 'failed', attempts: { made: 2, max: 2 } });
  });

  it('publishes its types, with the settings in force, and follows changes of them', async () => {
    await waitFor(async () => (await stand.catalog.list()).length > 0);
    const find = async () => (await stand.catalog.list()).find(({ type }) => type === 'test.doomed');
    expect(await find()).toMatchObject({ workers: ['w1'], settings: { attempts: 2 }, queue: 'jobs' });
    await stand.catalog.override('test.doomed', { attempts: 1 });
    await waitFor(async () => (await find())?.settings.attempts === 1);
    await stand.queue.addJob({ id: 'from-go-2', type: 'test.doomed' });
    expect(await stand.ended('from-go-2')).toMatchObject({ status: 'failed', attempts: { made: 1 } });
    await stand.catalog.override('test.doomed', undefined);
    await waitFor(async () => (await find())?.settings.attempts === 2);
  });

  it('ignores settings in Redis that cannot be used', async () => {
    await stand.redis.hset(`${stand.prefix}:jobs:types:settings`, 'test.doomed', '{"attempts":"many"}');
    await stand.catalog.override('test.double', { timeout: 1234 });
    const find = async (name: string) => (await stand.catalog.list()).find(({ type }) => type === name);
    await waitFor(async () => (await find('test.double'))?.settings.timeout === 1234);
    expect((await find('test.doomed'))?.settings.attempts).toBe(2);
    await stand.catalog.override('test.doomed', undefined);
  });
});

describe('a worker with a schedule', () => {
  const stand = new WorkerStand();
  afterAll(() => stand.close());

  it('leaves out a run while the one before has not ended, and goes on after it', async () => {
    const worker = await stand.start([TickPlugin]);
    const notes = worker.get(Notes, { strict: false });
    await waitFor(() => notes.runs === 1);
    await waitFor(async () => (await stand.queue.jobs.stats()).byStatus.cancelled > 0);
    expect(notes.runs).toBe(1);
    notes.release();
    await waitFor(() => notes.runs === 2);
    notes.release();
  });

  it('loses its scheduler when a worker starts whose type has none', async () => {
    const key = `${stand.prefix}:jobs:scheduler:${schedulerOf('test.tick')}`;
    expect(await stand.redis.exists(key)).toBe(1);
    @JobHandler({ type: 'test.tick' })
    class Silent {
      run() {}
    }
    @Module({ providers: [Silent] })
    class SilentPlugin {}
    await stand.start([SilentPlugin]);
    await waitFor(async () => (await stand.redis.exists(key)) === 0);
  });
});
