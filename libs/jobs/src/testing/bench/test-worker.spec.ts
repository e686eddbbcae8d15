import { Injectable, Module } from '@nestjs/common';
import { Redis } from 'ioredis';
import { z } from 'zod';
import { testRedisUrl } from '../../../../../tests/support/redis.js';
import { waitFor } from '../../../../../tests/support/wait.js';
import { JobHandler, PermanentJobError, type DeadLetter, type JobContext } from '../../framework/index.js';
import { startTestWorker, type TestWorker } from './test-worker.js';

const redisUrl = testRedisUrl();

@Injectable()
class Mailbox {
  readonly told: DeadLetter[] = [];
  readonly reasons: unknown[] = [];
}

@JobHandler({ type: 'mail.digest', payload: z.object({ to: z.string() }) })
class Digest {
  async run({ to }: { to: string }, { log, progress, artifacts, job }: JobContext) {
    await log(`to ${to}`);
    await progress({ current: 1, total: 4 });
    await artifacts.put('digest.txt', `Dear ${to}`);
    if (to === 'twice' && job.attempt === 1) throw new Error('busy');
    if (to === 'nobody') throw new PermanentJobError('nobody there');
    return { sent: to };
  }
}

@JobHandler({ type: 'mail.bounce' })
class Bounce {
  constructor(private readonly mailbox: Mailbox) {}

  run() {
    throw new Error('no such address');
  }

  async onDeadLetter(letter: DeadLetter) {
    await new Promise(setImmediate);
    this.mailbox.told.push(letter);
  }
}

@JobHandler({ type: 'mail.all', dependsOn: ['mail.digest'] })
class All {
  async run(_: unknown, { flow, enqueue }: JobContext) {
    const elsewhere = await enqueue('mail.digest', { to: 'later' }, { queue: 'other', key: 'later' });
    const outcomes = await flow(
      ['ada', 'nobody'].map((to) => ({ type: 'mail.digest', payload: { to }, mayFail: true })),
    );
    return { statuses: outcomes.map(({ status }) => status), elsewhere };
  }
}

@JobHandler({ type: 'mail.slow' })
class Slow {
  constructor(private readonly mailbox: Mailbox) {}

  async run(_: unknown, { signal, log }: JobContext) {
    await log('waiting');
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    this.mailbox.reasons.push(signal.reason);
    signal.throwIfAborted();
  }
}

@Module({ providers: [Mailbox, Digest, Bounce, All, Slow] })
class MailPlugin {}

describe('a test worker', () => {
  let worker: TestWorker;

  beforeAll(async () => {
    worker = await startTestWorker({ imports: [MailPlugin], redisUrl });
  });
  afterAll(() => worker.close());

  it('gives what became of a job: status, result, log, progress, attempts, artifacts', async () => {
    const id = await worker.add('mail.digest', { to: 'ada' });
    const job = await worker.finished(id);
    expect(job).toMatchObject({
      id,
      type: 'mail.digest',
      status: 'completed',
      result: { sent: 'ada' },
      error: undefined,
      logs: ['to ada'],
      progress: { current: 1, total: 4, percent: 25 },
      attempts: { made: 1, started: 1 },
      artifacts: [{ name: 'digest.txt', contentType: 'text/plain; charset=utf-8' }],
    });
    expect((await worker.read(id, 'digest.txt')).toString()).toBe('Dear ada');
    // Also of one that has ended long since.
    expect(await worker.finished(id)).toEqual(job);
  });

  it('tries again, with the options a job was added with', async () => {
    const job = await worker.run('mail.digest', { to: 'twice' }, { backoff: 1 });
    expect(job).toMatchObject({ status: 'completed', attempts: { made: 2 }, logs: ['to twice', 'to twice'] });
  });

  it('fails a job for good that cannot be done, or whose payload does not fit', async () => {
    const impossible = await worker.run('mail.digest', { to: 'nobody' });
    expect(impossible).toMatchObject({ status: 'failed', error: 'nobody there', attempts: { made: 1 } });
    const wrong = await worker.run('mail.digest', { to: 5 });
    expect(wrong.error).toMatch(/^payload does not fit job type "mail\.digest": to: /);
  });

  it('has told the handler of a dead letter when the job has ended', async () => {
    const { id } = await worker.run('mail.bounce', {}, { attempts: 1 });
    expect(worker.get(Mailbox).told).toMatchObject([
      { job: { id, type: 'mail.bounce' }, error: { message: 'no such address' } },
    ]);
  });

  it('runs flows, and adds children to other queues', async () => {
    const { id, result } = await worker.run('mail.all');
    expect(result).toEqual({
      statuses: ['completed', 'failed'],
      elsewhere: expect.stringMatching(`^${id}\\..+\\.later$`),
    });
  });

  it('cancels a running job, whose handler is told why', async () => {
    const id = await worker.add('mail.slow');
    await waitFor(async () => (await worker.jobs.logs(id)).count === 1);
    await worker.cancel(id);
    expect(await worker.finished(id)).toMatchObject({ status: 'cancelled', result: undefined });
    expect(await waitFor(() => worker.get(Mailbox).reasons.at(-1))).toMatchObject({ code: 'JOB_CANCELLED' });
  });

  it('waits for the new end of a job that is retried', async () => {
    const { id } = await worker.run('mail.digest', { to: 'nobody' });
    await worker.jobs.retry(id);
    expect((await worker.finished(id)).logs).toEqual(['to nobody', 'to nobody']);
  });

  it('says how a job stands that does not end in time', async () => {
    const id = await worker.add('mail.slow');
    await waitFor(async () => (await worker.jobs.logs(id)).count === 1);
    await expect(worker.finished(id, 1)).rejects.toMatchObject({
      code: 'JOB_NOT_ENDED',
      message: `job ${id} (mail.slow) has not ended in 1 ms: it is active, attempt 1\nlog: waiting`,
    });
    await worker.cancel(id);
    await expect(worker.finished('never-added')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
  });
});

it('takes handlers without a module, and settings of types from the environment it is given', async () => {
  const environment = { DROVER_TYPE__MAIL_DIGEST__ATTEMPTS: '1' };
  const worker = await startTestWorker({ providers: [Digest], redisUrl, environment });
  expect(await worker.run('mail.digest', { to: 'twice' })).toMatchObject({
    status: 'failed',
    error: 'busy',
    attempts: { made: 1 },
  });
  await worker.close();
});

it('leaves no key behind, and stops running jobs, when it is closed', async () => {
  const redis = new Redis(redisUrl);
  const worker = await startTestWorker({ imports: [MailPlugin], redisUrl });
  const keys = () => redis.keys(`${worker.queue.opts.prefix}:*`);
  await worker.run('mail.digest', { to: 'ada' });
  const id = await worker.add('mail.slow');
  await waitFor(async () => (await worker.jobs.logs(id)).count === 1);
  expect(await keys()).not.toEqual([]);
  const mailbox = worker.get(Mailbox);
  await worker.close();
  expect(mailbox.reasons).toMatchObject([{ code: 'WORKER_STOPPING' }]);
  expect(await keys()).toEqual([]);
  redis.disconnect();
});

it('does not start with a plugin that a worker would refuse, or without Redis', async () => {
  @JobHandler({ type: 'mail.needy', requires: { environment: ['MAIL_KEY'] } })
  class Needy {
    run() {
      return 1;
    }
  }
  const needy = startTestWorker({ providers: [Needy], redisUrl, environment: {} });
  await expect(needy).rejects.toMatchObject({ code: 'MISSING_REQUIREMENT' });
  const nowhere = startTestWorker({ providers: [Digest], redisUrl: 'redis://127.0.0.1:1' });
  await expect(nowhere).rejects.toThrow('Connection is closed');
});
