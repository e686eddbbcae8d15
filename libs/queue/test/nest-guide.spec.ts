// The application that docs/nestjs.md shows. Every code block there is a part of this file, to the letter.
import { InjectFlowProducer, InjectQueue, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { BullModule, OnQueueEvent, QueueEventsHost, QueueEventsListener } from '@nestjs/bullmq';
import { Inject, Injectable, Module } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { readFileSync } from 'node:fs';
import { QueueEvents, type FlowProducer, type Job, type Queue } from 'bullmq';
import { QueueModule, QueueService } from '#libs/queue';
import { testRedisUrl } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait.js';
import { useStand } from './support/stand.js';

const open = useStand();
const redisUrl = testRedisUrl();
const sent: string[] = [];
const completed: string[] = [];

@Processor('jobs', { concurrency: 5 })
export class Welcome extends WorkerHost {
  async process(job: Job, _token?: string, signal?: AbortSignal): Promise<unknown> {
    await job.updateProgress(50);
    signal?.throwIfAborted();
    sent.push(job.data.username);
    return { sent: job.data.username };
  }

  @OnWorkerEvent('lockRenewalFailed')
  onLost(ids: string[]): void {
    for (const id of ids) this.worker.cancelJob(id);
  }
}

@QueueEventsListener('jobs')
export class Watcher extends QueueEventsHost {
  @OnQueueEvent('completed')
  onCompleted({ jobId }: { jobId: string }): void {
    completed.push(jobId);
  }
}

@Injectable()
export class Signup {
  constructor(
    @InjectQueue('jobs') readonly queue: Queue,
    @InjectFlowProducer('flows') readonly flows: FlowProducer,
    @Inject(QueueService) readonly service: QueueService,
  ) {}

  async welcome(username: string): Promise<void> {
    await this.queue.add('mail.welcome', { username }, { attempts: 3 });
  }
}

const prefix = open({ url: redisUrl }).prefix;

@Module({
  imports: [
    QueueModule.forRoot({ redisUrl, prefix }),
    BullModule.registerQueue({ name: 'jobs' }),
    BullModule.registerFlowProducer({ name: 'flows' }),
  ],
  providers: [Welcome, Watcher, Signup],
})
export class AppModule {}

/** Text without indentation and line ends that only formatting decides. */
const plain = (text: string) => text.replace(/\s+/g, ' ');

describe('docs/nestjs.md', () => {
  it('shows an application that runs what Nest and what a legacy service adds', async () => {
    const stand = open({ prefix });
    const app = stand.keep(await NestFactory.createApplicationContext(AppModule, { logger: false }));
    await app.get(Watcher).queueEvents.waitUntilReady();
    await app.get(Signup).welcome('ada');
    await stand.legacy.add({ id: 'by-go', username: 'gopher' });
    await waitFor(() => completed.length === 2);
    expect(sent.sort()).toEqual(['ada', 'gopher']);
    expect(await stand.legacy.result('by-go')).toEqual({ sent: 'gopher' });
  });

  it('shows how to wait for a job by hand', async () => {
    const stand = open({ prefix });
    const app = stand.keep(await NestFactory.createApplicationContext(AppModule, { logger: false }));
    const { queue } = app.get(Signup);
    const { connection, prefix: ownPrefix } = queue.opts;
    const events = new QueueEvents('jobs', { connection, prefix: ownPrefix });
    stand.keep(events);
    await events.waitUntilReady();
    const job = await queue.add('mail.welcome', { username: 'eve' });
    expect(await job.waitUntilFinished(events)).toEqual({ sent: 'eve' });
  });

  it('has no code that is not here', () => {
    const here = plain(readFileSync(__filename, 'utf8'));
    const guide = readFileSync('docs/nestjs.md', 'utf8');
    const blocks = [...guide.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code]) => plain(code!).trim());
    expect(blocks.length).toBeGreaterThan(4);
    for (const block of blocks) expect(here).toContain(block);
  });
});
