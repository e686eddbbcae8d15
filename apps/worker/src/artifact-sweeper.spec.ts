import { mkdtempSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Module } from '@nestjs/common';
import { artifactFolder, FolderArtifacts } from '#libs/artifacts';
import { JobHandler, type JobContext } from '#libs/jobs';
import { waitFor } from '../../../tests/support/wait.js';
import { ArtifactSweeper, type ArtifactsKept } from './artifact-sweeper.js';
import { TypeSettingsWatcher } from './type-settings-watcher.js';
import { WorkerStand } from './worker.testkit.js';

const DAY = 86_400_000;
const TIMES = { next: 1, round: 1 };

let folder: string;
let store: FolderArtifacts;
const sweepers: ArtifactSweeper[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-sweeper-'));
  store = new FolderArtifacts(folder);
});
afterEach(async () => {
  await Promise.all(sweepers.splice(0).map((sweeper) => sweeper.stop()));
  rmSync(folder, { recursive: true, force: true });
});

const start = (kept: () => Promise<ArtifactsKept>, of: Pick<FolderArtifacts, 'sweep'> = store) => {
  const sweeper = new ArtifactSweeper(of, kept, TIMES);
  sweepers.push(sweeper);
  sweeper.start();
};

/** Makes everything in the folder as old as that. */
function age(ms: number, path = folder): void {
  const then = new Date(Date.now() - ms);
  for (const entry of readdirSync(path, { recursive: true, encoding: 'utf8' })) {
    utimesSync(join(path, entry), then, then);
  }
}

const put = (jobId: string) => store.put({ jobId, name: 'a.txt' }, jobId);
const isGone = async (jobId: string) => (await store.list(jobId)).length === 0;

it('removes artifacts that have been kept for long enough, again and again', async () => {
  start(async () => DAY);
  for (const jobId of ['1', '2']) {
    await put(jobId);
    age(2 * DAY);
    await put('young');
    await waitFor(() => isGone(jobId));
    expect(await isGone('young')).toBe(false);
  }
});

it('several workers on one folder remove each artifact once, and nothing else', async () => {
  const ids = Array.from({ length: 30 }, (_, id) => String(id));
  await Promise.all(ids.map(put));
  age(2 * DAY);
  await put('young');
  for (let worker = 0; worker < 4; worker++) start(async () => DAY, new FolderArtifacts(folder));
  // Four of them going round all the time keep a disk busy.
  await waitFor(async () => (await Promise.all(ids.map(isGone))).every(Boolean), { timeoutMs: 50_000 });
  expect(await isGone('young')).toBe(false);
});

it.each(['for ever', 'unknown'] as const)('removes nothing while artifacts are kept: %s', async (answer) => {
  await put('1');
  age(2 * DAY);
  let asked = 0;
  start(async () => {
    asked++;
    return answer;
  });
  await waitFor(() => asked > 3);
  expect(await isGone('1')).toBe(false);
});

it('goes on after a pass that failed', async () => {
  await put('1');
  age(2 * DAY);
  let passes = 0;
  const sweep: FolderArtifacts['sweep'] = (ms) =>
    ++passes === 1 ? Promise.reject(new Error('disk is away')) : store.sweep(ms);
  start(async () => DAY, { sweep });
  await waitFor(() => isGone('1'));
});

@JobHandler({ type: 'test.writer', retention: { dead: '30d' } })
class Writer implements JobHandler<{ text: string }> {
  async run({ text }: { text: string }, { artifacts }: JobContext) {
    await artifacts.put('a.txt', text);
  }
}

@Module({ providers: [Writer] })
class WriterPlugin {}

it('a worker does so, and keeps by itself what its types still have jobs of', async () => {
  const stand = new WorkerStand();
  try {
    const first = await stand.start([WriterPlugin]);
    await stand.add('test.writer', { text: 'x' }, { id: 'job' });
    await stand.ended('job');
    const kept = first.get(FolderArtifacts);
    const root = artifactFolder(stand.dataDir, 'jobs');
    age(29 * DAY, root);
    await stand.stop(first);
    const second = await stand.start([WriterPlugin]);
    await second.get(TypeSettingsWatcher).inForce;
    // Resolves after the pass that began then.
    await second.get(ArtifactSweeper).stop();
    expect(await kept.list('job')).toHaveLength(1);
    await stand.stop(second);
    age(31 * DAY, root);
    await stand.start([WriterPlugin]);
    await waitFor(async () => (await kept.list('job')).length === 0);
  } finally {
    await stand.close();
  }
});
