// Types that only Go runs have a queue of their own: QUEUE_ROUTES.
import { Module } from '@nestjs/common';
import { JobHandler, type JobContext } from '#libs/jobs';
import { QueueService, TypeQueues } from '#libs/queue';
// A worker in the process of this test.
// eslint-disable-next-line no-restricted-imports
import { WorkerStand } from '../../apps/worker/src/worker.testkit.js';
import { expectProblem, TestApi } from '../e2e/api-client.js';
import { waitFor } from '../support/wait.js';
import { describeWithGo } from './support/legacy-build.js';
import { LegacyGo } from './support/legacy-go.js';

@JobHandler({ type: 'album.print', dependsOn: ['video.encode'] })
class Album {
  async run(_: unknown, { flow, enqueue }: JobContext) {
    const aside = await enqueue('video.thumbnail', { at: 3 });
    const [video] = await flow([{ type: 'video.encode', payload: { codec: 'av1' } }]);
    return { aside, video };
  }
}

@Module({ providers: [Album] })
class AlbumPlugin {}

const ROUTES = 'video.*=go-video';

describeWithGo('Types that only Go runs', () => {
  const stand = new WorkerStand();
  let api: TestApi;
  let go: LegacyGo;

  beforeAll(async () => {
    api = await TestApi.start({
      settings: { QUEUE_PREFIX: stand.prefix, QUEUE_ROUTES: ROUTES, RECONCILE_SECONDS: '1' },
    });
    go = new LegacyGo({ url: stand.url, prefix: stand.prefix, queue: 'go-video' });
  });
  afterAll(async () => {
    await Promise.all([go?.close(), api?.close()]);
    await stand.close();
  });

  it('are added by the API to their queue, where a Go program takes them; any payload will do', async () => {
    const answer = await api.post('/api/jobs', { type: 'video.encode', payload: 3, id: 'clip-1' });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe('/api/jobs/clip-1?queue=go-video');
    const worker = go.work('--count', '1', '--sleep', '1ms', '--worker-id', 'herd');
    await worker.exited;
    expect(worker.ids('completed')).toEqual(['clip-1']);
    const job = await waitFor(async () => {
      const { body } = await api.get('/api/jobs/clip-1?queue=go-video');
      return body.status === 'completed' ? body : undefined;
    });
    expect(job).toMatchObject({ type: 'video.encode', payload: 3, result: { language: 'go' } });
    expectProblem(await api.get('/api/jobs/clip-1'), 404, 'JOB_NOT_FOUND');
  });

  it('are run by Go for a parent that a worker runs, which needs no worker that has them', async () => {
    const worker = await stand.start([AlbumPlugin], { QUEUE_ROUTES: ROUTES });
    expect(await worker.get(TypeQueues, { strict: false }).isRun('video.encode')).toBe(true);
    const herd = go.work('--count', '2', '--sleep', '1ms', '--worker-id', 'herd');
    const id = await stand.add('album.print');
    const { result } = await stand.ended(id);
    expect(result).toMatchObject({
      video: { status: 'completed', result: { language: 'go', worker_id: 'herd' } },
    });
    expect(herd.ids('completed')).toContain((result as { aside: string }).aside);
  });

  it('are shown with the types', async () => {
    expect((await api.get('/api/types')).body.routes).toEqual([{ types: 'video.*', queue: 'go-video' }]);
  });

  it('are looked after by the API: listed, counted, logged, acted upon', async () => {
    await api.create({ type: 'video.encode', id: 'clip-2' });
    const { body } = await api.get('/api/jobs?queue=go-video&status=pending');
    expect(body.items).toMatchObject([{ id: 'clip-2' }]);
    expect((await api.get('/api/jobs/stats?queue=go-video')).body.byStatus.pending).toBe(1);
    expect((await api.get('/api/jobs/clip-2/logs?queue=go-video')).body).toEqual({ logs: [], count: 0 });
    const removed = await api.post('/api/jobs/clip-2/action?queue=go-video', { action: 'remove' });
    expect(removed).toMatchObject({ status: 200, body: { removed: true } });
    expect((await api.get('/api/jobs/stats?queue=go-video')).body.byStatus.pending).toBe(0);
  });

  it('go elsewhere when a request says so, but only where somebody looks', async () => {
    const { headers } = await api.post('/api/jobs', { type: 'video.encode', queue: 'jobs', delay: 60_000 });
    expect(headers.get('location')).not.toContain('queue=');
    const unknown = await api.post('/api/jobs', { type: 'video.encode', queue: 'go-vidoe' });
    expectProblem(unknown, 400, 'INVALID_REQUEST');
    expect(unknown.body.errors).toEqual([
      { path: 'queue', message: 'is none that is looked after here: jobs, go-video' },
    ]);
    expectProblem(await api.post('/api/jobs', { type: 'a', queue: 'a b' }), 400, 'INVALID_REQUEST');
  });

  it('are not checked against what a worker publishes for a type of that name elsewhere', async () => {
    const { types } = api.app.get(QueueService);
    const [album] = await types.list();
    const strict = { ...album!, type: 'video.cut', payload: { type: 'object', required: ['from'] } };
    await types.publish('stale', [strict]);
    await waitFor(async () => (await api.get('/api/types/video.cut')).status === 200);
    expect(await api.create({ type: 'video.cut' })).toMatchObject({ status: 'pending' });
  });
});
