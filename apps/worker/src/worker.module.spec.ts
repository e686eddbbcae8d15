import { Injectable, Logger, Module } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import { loadSettings } from '#libs/contracts';
import { JobHandler, type JobContext } from '#libs/jobs';
import { QueueService, silentLogger } from '#libs/queue';
import { Lifecycle } from './lifecycle.js';
import { WorkerModule } from './worker.module.js';
import { WorkerState } from './worker-state.js';
import { testRedisUrl } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait.js';
import { freshPrefix } from '../../../tests/e2e/worker-process.js';

const url = testRedisUrl();

/** What the handlers below saw, and what they wait for. */
@Injectable()
class Stage {
  readonly abortedAt = new Map<string, { at: number; reason: unknown }>();
  readonly runs: JobContext[] = [];
  private readonly held: (() => void)[] = [];

  hold(): Promise<void> {
    return new Promise((resolve) => this.held.push(resolve));
  }

  releaseAll(): void {
    this.held.splice(0).forEach((release) => release());
  }
}

@JobHandler({ type: 'test.stubborn' })
class Stubborn implements JobHandler {
  constructor(private readonly stage: Stage) {}

  async run(_: unknown, context: JobContext) {
    this.stage.runs.push(context);
    const { job, signal } = context;
    signal.addEventListener('abort', () => {
      this.stage.abortedAt.set(job.id, { at: performance.now(), reason: signal.reason });
    });
    await this.stage.hold();
    return 'returned at last';
  }
}

@JobHandler({ type: 'test.impostor' })
class Impostor implements JobHandler {
  run(): never {
    throw Object.assign(new Error('I only look like it'), { name: 'WaitingError' });
  }
}

@Module({ providers: [Stage, Stubborn, Impostor] })
class TestPlugin {}

describe('a worker with handlers of a team', () => {
  const prefix = freshPrefix();
  const queue = new QueueService({ redisUrl: url, prefix, logger: silentLogger });
  const started: Lifecycle[] = [];
  let app: TestingModule;
  let stage: Stage;

  async function startWorker(id: string, plugins = [TestPlugin], ownPrefix = prefix): Promise<TestingModule> {
    const settings = loadSettings({
      REDIS_URL: url,
      QUEUE_PREFIX: ownPrefix,
      WORKER_PORT: '0',
      WORKER_CONCURRENCY: '2',
      SHUTDOWN_SECONDS: '0',
      DROVER_BUNDLED_PLUGINS: 'example',
    });
    const module = await Test.createTestingModule({
      imports: [WorkerModule.forRoot({ id, version: 'test', settings }), ...plugins],
    }).compile();
    await module.init();
    started.push(module.get(Lifecycle));
    await module.get(Lifecycle).start();
    return module;
  }

  const status = (id: string) => queue.getJobStatus(id);
  const create = async (type: string, options = {}) =>
    (await queue.jobs.create({ type, payload: {}, ...options })).id;
  const runOf = (id: string) =>
    waitFor(() => stage.runs.findLast((run) => run.job.id === id), { what: `job ${id} to run` });

  beforeAll(async () => {
    Logger.overrideLogger(false);
    app = await startWorker('first');
    stage = app.get(Stage, { strict: false });
  });

  afterAll(async () => {
    stage.releaseAll();
    await Promise.all(started.map((worker) => worker.stop()));
    await queue.close();
  });

  it('tells a handler of a cancel within 100 ms', async () => {
    const id = await create('test.stubborn');
    await runOf(id);
    const asked = performance.now();
    await queue.jobs.cancel(id);
    const { at, reason } = await waitFor(() => stage.abortedAt.get(id));
    expect(at - asked).toBeLessThan(100);
    expect(reason).toMatchObject({ code: 'JOB_CANCELLED' });
    stage.releaseAll();
  });

  it('drops what a cancelled handler returns', async () => {
    const id = await create('test.stubborn');
    await runOf(id);
    await queue.jobs.cancel(id);
    await waitFor(() => stage.abortedAt.has(id));
    stage.releaseAll();
    await waitFor(() => app.get(WorkerState).runningCount === 0);
    expect(await queue.jobs.find(id)).toMatchObject({ status: 'cancelled', result: undefined });
  });

  it('does not run a job again beside a cancelled run of it that has not returned', async () => {
    const id = await create('test.stubborn');
    await runOf(id);
    await queue.jobs.cancel(id);
    await waitFor(() => stage.abortedAt.has(id));
    await queue.jobs.retry(id);
    await waitFor(async () => (await queue.jobs.find(id))?.state === 'delayed', {
      what: 'the retry to be put off',
    });
    expect(stage.runs.filter((run) => run.job.id === id)).toHaveLength(1);
    stage.releaseAll();
    await waitFor(() => stage.runs.filter((run) => run.job.id === id).length === 2);
    await waitFor(() => stage.releaseAll() ?? app.get(WorkerState).runningCount === 0);
    await waitFor(async () => (await status(id)) === 'completed');
  });

  it('fails a handler whose error looks like a message to BullMQ', async () => {
    const id = await create('test.impostor', { attempts: 1 });
    await waitFor(async () => (await status(id)) === 'failed');
    expect((await queue.jobs.find(id))?.error).toContain('I only look like it');
  });

  it('knows a job that a legacy service added', async () => {
    await queue.addJob({ id: 'from-go', type: 'test.stubborn', username: 'anna' });
    expect((await runOf('from-go')).job).toMatchObject({
      id: 'from-go',
      legacy: true,
      attempt: 1,
      maxAttempts: 3,
    });
    const id = await create('test.stubborn');
    expect((await runOf(id)).job).toMatchObject({ id, legacy: false, attempt: 1, maxAttempts: 3 });
    stage.releaseAll();
    const payload = { id: 'looks-like-go', created_at: '2026-01-01T00:00:00Z' };
    await queue.jobs.create({ id: payload.id, type: 'test.stubborn', payload });
    expect((await runOf(payload.id)).job).toMatchObject({ legacy: false });
    for (const [of, legacy] of [
      ['from-go', true],
      [payload.id, false],
    ] as const) {
      expect(await queue.jobs.get(of)).toMatchObject({ legacy });
    }
    await waitFor(() => stage.releaseAll() ?? app.get(WorkerState).runningCount === 0);
  });

  it('hands back within a few seconds a job whose handler ignores that the worker stops', async () => {
    const ownPrefix = freshPrefix();
    const own = new QueueService({ redisUrl: url, prefix: ownPrefix, logger: silentLogger });
    const worker = await startWorker('stopper', [TestPlugin], ownPrefix);
    const { id } = await own.jobs.create({ type: 'test.stubborn', payload: {} });
    await waitFor(() => worker.get(WorkerState).runningCount === 1);
    const asked = performance.now();
    await worker.get(Lifecycle).stop();
    expect(performance.now() - asked).toBeLessThan(5000);
    expect(await own.jobs.find(id)).toMatchObject({ status: 'pending', position: 1, attempts: { made: 0 } });
    await own.close();
  });

  it('hands a type it has no handler for to a worker that has one, without using an attempt', async () => {
    @JobHandler({ type: 'test.elsewhere' })
    class Elsewhere {
      run(_: unknown, { job }: JobContext) {
        return { attempt: job.attempt };
      }
    }
    @Module({ providers: [Elsewhere] })
    class OtherPlugin {}

    const id = await create('test.elsewhere', { attempts: 1 });
    await waitFor(async () => (await queue.jobs.find(id))?.state === 'delayed', {
      what: 'the job to be handed back',
    });
    await startWorker('second', [OtherPlugin]);
    await waitFor(async () => (await status(id)) === 'completed');
    expect(await queue.jobs.find(id)).toMatchObject({ result: { attempt: 1 }, worker: 'second' });
  });
});
