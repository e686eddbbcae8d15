// What @OnWorkerEvent methods hear of jobs in Drover's store.
import { BullModule, getQueueToken, OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import type { Job, Queue } from 'bullmq';
import { waitFor } from '../../../tests/support/wait.js';
import { startApp } from './support/nest-app.js';
import { useStand } from './support/stand.js';

const open = useStand();

type Heard = [event: string, ...detail: unknown[]];

const imports = [BullModule.registerQueue({ name: 'jobs' })];

describe('@OnWorkerEvent', () => {
  @Processor('jobs', { stalledInterval: 200, lockDuration: 20_000 })
  class Watched extends WorkerHost {
    readonly heard: Heard[] = [];
    readonly ends: (() => void)[] = [];

    async process(job: Job): Promise<string> {
      await job.updateProgress(50);
      if (job.name === 'fails') throw new Error('as asked');
      if (job.name === 'waits') await new Promise<void>((resolve) => this.ends.push(resolve));
      return 'done';
    }

    @OnWorkerEvent('ready')
    onReady(): void {
      this.heard.push(['ready']);
    }
    @OnWorkerEvent('active')
    onActive(job: Job, prev: string): void {
      this.heard.push(['active', job.id, prev]);
    }
    @OnWorkerEvent('progress')
    onProgress(job: Job, progress: unknown): void {
      this.heard.push(['progress', job.id, progress]);
    }
    @OnWorkerEvent('completed')
    onCompleted(job: Job, result: unknown): void {
      this.heard.push(['completed', job.id, result]);
    }
    @OnWorkerEvent('failed')
    onFailed(job: Job | undefined, error: Error): void {
      this.heard.push(['failed', job?.id, error.message]);
    }
    @OnWorkerEvent('stalled')
    onStalled(jobId: string, prev: string): void {
      this.heard.push(['stalled', jobId, prev]);
    }
    @OnWorkerEvent('error')
    onError(error: Error): void {
      this.heard.push(['error', error.message]);
    }
    @OnWorkerEvent('drained')
    onDrained(): void {
      this.heard.push(['drained']);
    }
    @OnWorkerEvent('closed')
    onClosed(): void {
      this.heard.push(['closed']);
    }

    of(id: string): Heard[] {
      return this.heard.filter(([, about]) => about === id);
    }
    has(event: string): boolean {
      return this.heard.some(([name]) => name === event);
    }
  }

  it('hears a legacy job run: active, progress, completed; and when the worker is ready and drained', async () => {
    const stand = open();
    const watched = (await startApp(stand, { imports, providers: [Watched] })).get(Watched);
    await waitFor(() => watched.has('ready'));
    await stand.legacy.add({ id: 'a' });
    await waitFor(() => watched.has('completed') && watched.has('drained'));
    expect(watched.of('a')).toEqual([
      ['active', 'a', 'waiting'],
      ['progress', 'a', 50],
      ['completed', 'a', 'done'],
    ]);
    expect(watched.has('error')).toBe(false);
  });

  it('hears why a job failed, each time', async () => {
    const stand = open();
    const app = await startApp(stand, { imports, providers: [Watched] });
    const queue = app.get<Queue>(getQueueToken('jobs'), { strict: false });
    await queue.add('fails', {}, { jobId: 'a', attempts: 2 });
    const watched = app.get(Watched);
    await waitFor(async () => (await stand.status('a')) === 'failed');
    const failed = () => watched.of('a').filter(([event]) => event === 'failed');
    await waitFor(() => failed().length === 2);
    expect(failed()).toEqual([
      ['failed', 'a', 'as asked'],
      ['failed', 'a', 'as asked'],
    ]);
  });

  it('hears that a job stalled, and that a late result was refused', async () => {
    const stand = open();
    const app = await startApp(stand, { imports, providers: [Watched] });
    const queue = app.get<Queue>(getQueueToken('jobs'), { strict: false });
    const watched = app.get(Watched);
    await queue.add('waits', {}, { jobId: 'a' });
    await waitFor(() => watched.ends.length === 1);
    await stand.endLease('a');
    await waitFor(() => watched.has('stalled'));
    watched.ends[0]?.();
    await waitFor(() => watched.has('error'));
    await waitFor(() => watched.ends.length === 2);
    watched.ends[1]?.();
    await waitFor(() => watched.has('completed'));
    expect(watched.of('a').map(([event]) => event)).toEqual([
      'active',
      'progress',
      'stalled',
      'active',
      'progress',
      'completed',
    ]);
    expect(watched.of('a')[2]).toEqual(['stalled', 'a', 'active']);
  });

  it('hears that a legacy service cancelled the job, and can fire its signal', async () => {
    const stand = open();
    let told = false;
    @Processor('jobs', { lockDuration: 200 })
    class Patient extends WorkerHost {
      async process(_job: Job, _token?: string, signal?: AbortSignal): Promise<void> {
        await new Promise<void>((resolve) => signal?.addEventListener('abort', () => resolve()));
        told = true;
      }
      @OnWorkerEvent('lockRenewalFailed')
      onLost(ids: string[]): void {
        for (const id of ids) this.worker.cancelJob(id);
      }
      @OnWorkerEvent('error')
      onError(): void {
        // A lease that could not be renewed is an error too.
      }
    }
    await startApp(stand, { imports, providers: [Patient] });
    await stand.legacy.add({ id: 'a' });
    await waitFor(async () => (await stand.status('a')) === 'running');
    await stand.legacy.cancel('a');
    await waitFor(() => told);
    expect(await stand.status('a')).toBe('cancelled');
  });

  it('hears that the worker closed, when the application closes', async () => {
    const app = await startApp(open(), { imports, providers: [Watched] });
    await waitFor(() => app.get(Watched).heard.some(([event]) => event === 'ready'));
    await app.close();
    expect(app.get(Watched).heard.at(-1)).toEqual(['closed']);
  });
});
