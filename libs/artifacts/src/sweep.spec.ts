import { mkdir, symlink, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { PassThrough } from 'node:stream';
import { waitFor } from '../../../tests/support/wait.js';
import { FolderArtifacts } from './folder-artifacts.js';
import { contentOf, TestFolder } from './folder-artifacts.testkit.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let folder: TestFolder;
let store: FolderArtifacts;

beforeAll(async () => {
  folder = await TestFolder.make();
});
beforeEach(() => {
  store = new FolderArtifacts(folder.path);
});
afterEach(() => folder.empty());
afterAll(() => folder.remove());

const keep = (jobId: string, name = 'a.txt') => store.put({ jobId, name }, jobId);

it('removes the files of jobs that have kept none for as long as that, and no others', async () => {
  for (const jobId of ['1', '2', '3']) await keep(jobId);
  await folder.age(2 * HOUR);
  await keep('2', 'b.txt');
  await keep('4');
  expect(await store.sweep(HOUR)).toEqual({ jobs: 4, removed: 2, failed: 0, done: true });
  expect(await store.list('1')).toEqual([]);
  // All files of a job stay together: 2 has kept one just now.
  expect(await store.list('2')).toHaveLength(2);
  expect(await contentOf(store, '4', 'a.txt')).toBe('4');
  expect(await store.sweep(HOUR)).toEqual({ jobs: 2, removed: 0, failed: 0, done: true });
});

it('a replaced file counts as kept', async () => {
  await keep('1');
  await folder.age(2 * HOUR);
  await keep('1');
  expect(await store.sweep(HOUR)).toMatchObject({ removed: 0 });
});

it('looks at a limited number of jobs, and goes on from there', async () => {
  for (let id = 0; id < 25; id++) await keep(String(id));
  await folder.age(2 * HOUR);
  const rounds = [];
  for (let round = 0; round < 3; round++) rounds.push(await store.sweep(HOUR, { maxJobs: 10 }));
  expect(rounds).toMatchObject([
    { jobs: 10, removed: 10, done: false },
    { jobs: 10, removed: 10, done: false },
    { jobs: 5, removed: 5, done: true },
  ]);
  expect(await folder.files()).toEqual([]);
});

it('reaches every job when none is removed either, and then starts again', async () => {
  for (let id = 0; id < 25; id++) await keep(String(id));
  for (const expected of [10, 10, 5, 10]) {
    expect(await store.sweep(HOUR, { maxJobs: 10 })).toMatchObject({ jobs: expected, removed: 0 });
  }
});

it('removes what a writer that died left behind, and nothing of one that writes', async () => {
  await keep('1');
  const [file = ''] = await folder.files();
  const left = join(dirname(file), '.~0123456789ab');
  await writeFile(left, 'half');
  await utimes(left, new Date(Date.now() - 2 * DAY), new Date(Date.now() - 2 * DAY));
  const content = new PassThrough();
  const put = store.put({ jobId: '1', name: 'b.txt' }, content);
  content.write('half');
  await waitFor(async () => (await folder.files()).length === 4);
  expect(await store.sweep(30 * DAY)).toMatchObject({ jobs: 1, removed: 0 });
  expect(await folder.files()).not.toContain(left);
  content.end(' and half');
  await put;
  expect(await contentOf(store, '1', 'b.txt')).toBe('half and half');
  expect(await contentOf(store, '1', 'a.txt')).toBe('1');
});

it('an artifact whose name looks unfinished stays', async () => {
  await keep('1', '0123456789ab.part');
  await folder.age(2 * DAY);
  await keep('1', 'b.txt');
  await store.sweep(30 * DAY);
  expect(await contentOf(store, '1', '0123456789ab.part')).toBe('1');
});

it('keeps what comes while it sweeps', async () => {
  for (let id = 0; id < 50; id++) await keep(String(id));
  await folder.age(2 * HOUR);
  const ids = Array.from({ length: 50 }, (_, id) => String(id));
  const other = new FolderArtifacts(folder.path);
  await Promise.all([store.sweep(HOUR), ...ids.map((jobId) => other.put({ jobId, name: 'new.txt' }, 'new'))]);
  for (const jobId of ids) expect(await contentOf(store, jobId, 'new.txt')).toBe('new');
});

it('a file that cannot be removed keeps neither the others of its job nor those of other jobs', async () => {
  for (const jobId of ['1', '2', '3']) await keep(jobId);
  const [file = ''] = await folder.files();
  // Removing files does not remove folders.
  await mkdir(join(dirname(file), '-not-a-file'));
  await folder.age(2 * HOUR);
  expect(await store.sweep(HOUR)).toEqual({ jobs: 3, removed: 2, failed: 1, done: true });
  expect(await folder.files()).toEqual([]);
});

it('leaves alone what is not its own, and follows no links', async () => {
  const outside = await TestFolder.make();
  await writeFile(join(outside.path, 'precious'), 'x');
  await symlink(outside.path, join(folder.path, 'ab'));
  await mkdir(join(folder.path, 'notes'));
  await writeFile(join(folder.path, 'notes', 'mine.txt'), 'x');
  await mkdir(join(folder.path, 'cd'));
  await symlink(outside.path, join(folder.path, 'cd', 'cd'.repeat(20)));
  await folder.age(2 * HOUR);
  expect(await store.sweep(HOUR)).toEqual({ jobs: 0, removed: 0, failed: 0, done: true });
  expect(await outside.files()).toHaveLength(1);
  expect(await folder.files()).toContain(join(folder.path, 'notes', 'mine.txt'));
  await outside.remove();
});

it('has nothing to do where nothing was ever kept', async () => {
  const none = new FolderArtifacts(join(folder.path, 'not', 'there'));
  expect(await none.sweep(HOUR)).toEqual({ jobs: 0, removed: 0, failed: 0, done: true });
});
