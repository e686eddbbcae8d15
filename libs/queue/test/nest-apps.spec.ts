// Several Nest applications in one process, connections handed in by the caller, and what a wrong set-up says.
import { BullModule, getQueueToken, InjectQueue, Processor, WorkerHost } from '@nestjs/bullmq';
import { Injectable, type DynamicModule } from '@nestjs/common';
import { Queue, type Job } from 'bullmq';
import { Redis } from 'ioredis';
import { MissingQueueModuleError, QueueModule, QueueService, type QueueModuleOptions } from '#libs/queue';
import { waitFor } from '../../../tests/support/wait.js';
import { startParts } from './support/nest-app.js';
import { useStand, type Stand } from './support/stand.js';

const open = useStand();

@Processor('jobs')
class Jobs extends WorkerHost {
  readonly ran: Job[] = [];

  process(job: Job): Promise<unknown> {
    this.ran.push(job);
    return Promise.resolve(job.name);
  }
}

const jobs = BullModule.registerQueue({ name: 'jobs' });

type Root = (options: QueueModuleOptions) => DynamicModule;
const ROOTS: [string, Root][] = [
  ['forRoot', (options) => QueueModule.forRoot(options)],
  ['forRootAsync', (options) => QueueModule.forRootAsync({ useFactory: () => Promise.resolve(options) })],
];

const settings = (stand: Stand, name: string, jobTtlSeconds: number): QueueModuleOptions => ({
  ...stand.serviceOptions(),
  defaultType: name,
  jobTtlSeconds,
});

/** Runs a legacy job and says what its processor called it, and how long it is kept. */
async function runOne(stand: Stand, app: { get(type: typeof Jobs): Jobs }) {
  await stand.legacy.add({ id: 'a' });
  await waitFor(async () => (await stand.status('a')) === 'completed');
  const seconds = Math.ceil((await stand.redis.pttl(stand.key('status:a'))) / 1000);
  return { type: app.get(Jobs).ran[0]?.name, kept: seconds <= 100 ? 'short' : 'long' };
}

describe('two applications in one process', () => {
  it.each(ROOTS)('each have the store of their own %s', async (_, root) => {
    const [one, two] = [open(), open()];
    // Modules are made first, applications later, all at once: nothing may depend on which came last.
    const modules = [root(settings(one, 'one', 100)), root(settings(two, 'two', 100_000))];
    const [first, second] = await Promise.all(
      modules.map((module) => startParts({ imports: [module, jobs], providers: [Jobs] })),
    );
    one.keep(first!);
    two.keep(second!);
    expect(await runOne(one, first!)).toEqual({ type: 'one', kept: 'short' });
    expect(await runOne(two, second!)).toEqual({ type: 'two', kept: 'long' });
  });

  it('may share a client, which stays open after both are closed', async () => {
    const [one, two] = [open(), open()];
    const connection = new Redis(one.url, { maxRetriesPerRequest: null });
    one.keep({ close: async () => connection.disconnect() });
    const flows = BullModule.registerFlowProducer({ name: 'flows' });
    const start = async (stand: Stand, name: string) => {
      const root = QueueModule.forRoot({ ...settings(stand, name, 100), connection });
      return stand.keep(await startParts({ imports: [root, jobs, flows], providers: [Jobs] }));
    };
    const [first, second] = [await start(one, 'one'), await start(two, 'two')];
    expect(await runOne(one, first)).toMatchObject({ type: 'one' });
    expect(await runOne(two, second)).toMatchObject({ type: 'two' });
    await first.close();
    await second.close();
    expect(await connection.ping()).toBe('PONG');
  });

  it('keep a queue with a connection of its own in their store', async () => {
    const [one, two] = [open(), open()];
    const own = BullModule.registerQueue({ name: 'jobs', connection: { url: one.url } as never });
    const root = QueueModule.forRoot(settings(one, 'one', 100));
    const first = one.keep(await startParts({ imports: [root, own], providers: [Jobs] }));
    two.keep(await startParts({ imports: [QueueModule.forRoot(settings(two, 'two', 100_000)), jobs] }));
    expect(await runOne(one, first)).toEqual({ type: 'one', kept: 'short' });
  });
});

describe('options from other providers', () => {
  it('are made once', async () => {
    const stand = open();
    let made = 0;
    const root = QueueModule.forRootAsync({
      useFactory: () => {
        made += 1;
        return stand.serviceOptions();
      },
    });
    stand.keep(await startParts({ imports: [root, jobs], providers: [Jobs] }));
    expect(made).toBe(1);
  });
});

describe('what an application creates by hand', () => {
  it('is on the store of the application, with the connection of its queues', async () => {
    const stand = open();
    const root = QueueModule.forRoot(settings(stand, 'by-hand', 100));
    const app = stand.keep(await startParts({ imports: [root, jobs] }));
    const { connection } = app.get<Queue>(getQueueToken('jobs'), { strict: false }).opts;
    const queue = stand.keep(new Queue('mails', { connection, prefix: stand.prefix }));
    await queue.add('t', {}, { jobId: 'a' });
    expect(await stand.redis.get(`${stand.prefix}:mails:status:a`)).toBe('pending');
  });
});

/** An application that cannot start closes nothing: it is given a client that is closed with the stand. */
const onClientOf = (stand: Stand): QueueModuleOptions => ({
  ...stand.serviceOptions(),
  connection: stand.redis,
});

describe('a wrong set-up', () => {
  it('without forRoot names the queue and what to import', async () => {
    const starting = startParts({ imports: [QueueModule.forFeature('jobs')] });
    await expect(starting).rejects.toThrow(MissingQueueModuleError);
    await expect(starting).rejects.toMatchObject({ code: 'MISSING_QUEUE_MODULE', queueName: 'jobs' });
    await expect(starting).rejects.toThrow(/queue jobs .* QueueModule\.forRoot\(\)/);
  });

  it('injecting a queue that is not registered names it', async () => {
    @Injectable()
    class Producer {
      constructor(@InjectQueue('nowhere') readonly queue: Queue) {}
    }
    const root = QueueModule.forRoot(onClientOf(open()));
    const starting = startParts({ imports: [root, jobs], providers: [Producer] });
    await expect(starting).rejects.toThrow(/BullQueue_nowhere/);
  });

  it.each(['worker', 'two words', '{tag}'])('a queue named %j is refused by its name', async (name) => {
    const root = QueueModule.forRoot(onClientOf(open()));
    const starting = startParts({ imports: [root, BullModule.registerQueue({ name })] });
    await expect(starting).rejects.toMatchObject({ code: 'INVALID_QUEUE_NAME' });
    await expect(starting).rejects.toThrow(JSON.stringify(name));
  });

  it('a processor with a queue name that is not allowed stops the start', async () => {
    @Processor('two words')
    class Wrong extends Jobs {}
    const stand = open();
    const root = QueueModule.forRoot(onClientOf(stand));
    const starting = startParts({ imports: [root, jobs], providers: [Wrong] });
    await expect(starting).rejects.toMatchObject({ code: 'INVALID_QUEUE_NAME' });
  });

  it('a prefix that is not allowed is refused by its name', async () => {
    const root = QueueModule.forRoot({ ...onClientOf(open()), prefix: 'two words' });
    await expect(startParts({ imports: [root, jobs] })).rejects.toMatchObject({ code: 'INVALID_QUEUE_NAME' });
  });

  it('does not keep QueueService from being used alone', async () => {
    const stand = open();
    const app = stand.keep(await startParts({ imports: [QueueModule.forRoot(onClientOf(stand))] }));
    await app.get(QueueService).addJob({ id: 'a' });
    expect(await stand.queued()).toEqual(['a']);
  });
});
