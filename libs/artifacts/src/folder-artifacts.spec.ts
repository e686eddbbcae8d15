import { writeFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { waitFor } from '../../../tests/support/wait.js';
import { FolderArtifacts } from './folder-artifacts.js';
import { contentOf, TestFolder } from './folder-artifacts.testkit.js';
import { artifactFolder } from './queue-folder.js';

let folder: TestFolder;
let store: FolderArtifacts;

beforeAll(async () => {
  folder = await TestFolder.make();
  store = new FolderArtifacts(folder.path);
});
afterEach(() => folder.empty());
afterAll(() => folder.remove());

const a = { jobId: '1', name: 'a.txt' };

describe('an artifact', () => {
  it.each([
    ['text', 'grün'],
    ['bytes', new Uint8Array(Buffer.from('grün'))],
    ['a stream', Readable.from([Buffer.from('gr'), Buffer.from('ün')])],
    ['a stream of text', Readable.from(['gr', 'ün'])],
  ])('is kept from %s', async (_, content) => {
    const kept = await store.put(a, content);
    expect(kept).toEqual({
      ...a,
      size: 5,
      contentType: 'text/plain; charset=utf-8',
      createdAt: expect.stringMatching(/^\d{4}-.*Z$/),
    });
    expect(await contentOf(store, '1', 'a.txt')).toBe('grün');
    expect(await store.list('1')).toEqual([kept]);
  });

  it.each([
    ['', ''],
    ['no chunks', Readable.from([])],
  ])('may be empty (%j)', async (_, content) => {
    expect((await store.put(a, content)).size).toBe(0);
    expect(await contentOf(store, '1', 'a.txt')).toBe('');
  });

  it('has the type it is given', async () => {
    await store.put(a, 'x', { contentType: 'application/x-own' });
    const opened = await store.open(a);
    opened.stream.destroy();
    expect(opened).toMatchObject({ ...a, size: 1, contentType: 'application/x-own' });
  });

  it.each(['../x', '.x', 'a/b', ''])(
    'is not kept, opened or looked for outside its folder: %j',
    async (name) => {
      const refused = { code: 'INVALID_ARTIFACT_NAME' };
      const content = new PassThrough();
      await expect(store.put({ jobId: '1', name }, content)).rejects.toMatchObject(refused);
      await expect(store.open({ jobId: '1', name })).rejects.toMatchObject(refused);
      expect(content.destroyed).toBe(true);
      expect(await folder.files()).toEqual([]);
    },
  );

  it.each(['', '../../etc', '/', 'a\0b', '..', 'ä'.repeat(10_000), 'x:y', ' '])(
    'belongs to a job of any id: %#',
    async (jobId) => {
      await store.put({ jobId, name: 'a.txt' }, 'mine');
      await store.put({ jobId: `${jobId}.`, name: 'a.txt' }, 'not mine');
      expect(await contentOf(store, jobId, 'a.txt')).toBe('mine');
      expect(await store.list(jobId)).toMatchObject([{ jobId, name: 'a.txt' }]);
      for (const path of await folder.files()) {
        expect(path.slice(folder.path.length)).toMatch(/^\/[0-9a-f]{2}\/[0-9a-f]{40}\/[^/]+$/);
      }
      await store.remove(jobId);
      expect(await store.list(jobId)).toEqual([]);
      expect(await contentOf(store, `${jobId}.`, 'a.txt')).toBe('not mine');
    },
  );

  it.each(['0123456789ab.part', 'a.meta', 'x'.repeat(200), '報'.repeat(80), 'a b'])(
    'may have the name %j',
    async (name) => {
      await store.put({ jobId: '1', name }, 'x');
      expect(await contentOf(store, '1', name)).toBe('x');
      expect(await store.list('1')).toMatchObject([{ name }]);
    },
  );

  it('there is not: says so', async () => {
    await store.put(a, 'x');
    for (const other of [
      { ...a, name: 'b.txt' },
      { ...a, jobId: '2' },
    ]) {
      await expect(store.open(other)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    }
    expect(await store.list('2')).toEqual([]);
  });

  it('can be read by its owner and group only', async () => {
    await store.put(a, 'x');
    for (const path of await folder.files()) expect(await folder.modeOf(path)).toMatch(/^6[04]0$/);
  });

  it('whose description is broken is not there, and does not hide the others', async () => {
    await store.put(a, 'x');
    await store.put({ jobId: '1', name: 'b.txt' }, 'y');
    const description = (await folder.files()).find((path) => path.endsWith('.a.txt.meta'))!;
    await writeFile(description, '{"jobId":');
    expect(await store.list('1')).toMatchObject([{ name: 'b.txt' }]);
    await expect(store.open(a)).rejects.toMatchObject({ code: 'ARTIFACT_NOT_FOUND' });
    await store.put(a, 'again');
    expect(await contentOf(store, '1', 'a.txt')).toBe('again');
  });
});

describe('a stream that breaks', () => {
  it('leaves nothing, and what was there before stays', async () => {
    await store.put(a, 'before');
    const files = await folder.files();
    const broken = new PassThrough();
    const put = store.put(a, broken);
    broken.write('half');
    await waitFor(async () => (await folder.files()).length > files.length);
    broken.destroy(new Error('connection lost'));
    await expect(put).rejects.toThrow('connection lost');
    expect(await folder.files()).toEqual(files);
    expect(await contentOf(store, '1', 'a.txt')).toBe('before');
  });
});

describe('limits', () => {
  const small = () => new FolderArtifacts(folder.path, { maxBytes: 10, maxJobBytes: 25, maxJobFiles: 3 });
  const bytes = (size: number) => Buffer.alloc(size);

  it('of one file', async () => {
    await small().put(a, bytes(10));
    await expect(small().put(a, bytes(11))).rejects.toMatchObject({
      code: 'ARTIFACT_TOO_LARGE',
      message: 'artifact "a.txt": a file may have 10 bytes',
    });
    expect((await store.list('1')).map(({ size }) => size)).toEqual([10]);
    expect(await folder.files()).toHaveLength(2);
  });

  it('stop an endless stream', async () => {
    const endless = new Readable({ read: () => void endless.push(bytes(4)) });
    await expect(small().put(a, endless)).rejects.toMatchObject({ code: 'ARTIFACT_TOO_LARGE' });
    expect(endless.destroyed).toBe(true);
    expect(await folder.files()).toEqual([]);
  });

  it('of all files of a job, in which a replaced one does not count twice', async () => {
    await small().put({ jobId: '1', name: 'a' }, bytes(10));
    await small().put({ jobId: '1', name: 'b' }, bytes(10));
    await expect(small().put({ jobId: '1', name: 'c' }, bytes(6))).rejects.toMatchObject({
      message: 'artifact "c": all files of a job together may have 25 bytes',
    });
    await small().put({ jobId: '1', name: 'b' }, bytes(9));
    await small().put({ jobId: '1', name: 'c' }, bytes(6));
    await small().put({ jobId: '2', name: 'c' }, bytes(10));
  });

  it('of all files of a job, also when they are written at the same time', async () => {
    const limited = small();
    const names = ['a', 'b', 'c'];
    const puts = await Promise.allSettled(names.map((name) => limited.put({ jobId: '1', name }, bytes(10))));
    expect(puts.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
    expect((await store.list('1')).reduce((sum, { size }) => sum + size, 0)).toBe(20);
    expect(await folder.files()).toHaveLength(4);
  });

  it('of the number of files', async () => {
    for (const name of ['a', 'b', 'c']) await small().put({ jobId: '1', name }, '');
    await expect(small().put({ jobId: '1', name: 'd' }, '')).rejects.toMatchObject({
      code: 'TOO_MANY_ARTIFACTS',
    });
    await small().put({ jobId: '1', name: 'c' }, 'again');
  });
});

describe('one artifact, several at it', () => {
  const versions = Array.from({ length: 20 }, (_, index) =>
    String.fromCharCode(97 + index).repeat(100_000 + index),
  );

  it('whoever reads it gets what there was when it was opened, while it is replaced and removed', async () => {
    await store.put(a, versions[0]!);
    const opened = await store.open(a);
    await store.put(a, versions[1]!);
    const second = await store.open(a);
    await store.remove('1');
    expect(await text(opened.stream)).toBe(versions[0]);
    expect(await text(second.stream)).toBe(versions[1]);
  });

  it('size, type and content belong together at any moment', async () => {
    await store.put(a, versions[0]!, { contentType: 'text/0' });
    let writing = true;
    const readers = Array.from({ length: 3 }, async () => {
      let reads = 0;
      while (writing || reads === 0) {
        const { size, contentType, stream } = await store.open(a);
        const version = versions[size - 100_000]!;
        expect(await text(stream)).toBe(version);
        expect(contentType).toBe(`text/${size - 100_000}`);
        reads++;
      }
    });
    for (const [index, version] of versions.entries())
      await store.put(a, version, { contentType: `text/${index}` });
    writing = false;
    await Promise.all(readers);
  });

  it('processes that write it at the same time leave one of their files, whole', async () => {
    // Stores that know nothing of each other, as in several processes.
    const stores = versions.map(() => new FolderArtifacts(folder.path));
    await Promise.all(
      versions.map((version, index) => stores[index]!.put(a, version, { contentType: `text/${index}` })),
    );
    const { size, contentType, stream } = await store.open(a);
    expect(await text(stream)).toBe(versions[size - 100_000]);
    expect(contentType).toBe(`text/${size - 100_000}`);
    expect(await store.list('1')).toHaveLength(1);
    await store.put(a, 'last');
    expect(await contentOf(store, '1', 'a.txt')).toBe('last');
  });

  it('the same process leaves nothing but the last file', async () => {
    await Promise.all(versions.map((version) => store.put(a, version)));
    expect(await folder.files()).toHaveLength(2);
  });

  it('a job whose files are removed while it writes is told so', async () => {
    const content = new PassThrough();
    const put = store.put(a, content);
    const told = expect(put).rejects.toMatchObject({ code: 'ARTIFACT_REMOVED' });
    content.write('half');
    await waitFor(async () => (await folder.files()).length > 0);
    await store.remove('1');
    content.end();
    await told;
    expect(await folder.files()).toEqual([]);
  });
});

it('reads what a job of another queue has left, which its own of the same id does not touch', async () => {
  const of = (queue: string) => new FolderArtifacts(artifactFolder(folder.path, queue));
  await of('mail').put({ jobId: '1', name: 'a.txt' }, 'of mail');
  await of('jobs').put({ jobId: '1', name: 'a.txt' }, 'of jobs');
  const { stream } = await of('jobs').open({ jobId: '1', name: 'a.txt', queue: 'mail' });
  expect(await text(stream)).toBe('of mail');
  await of('jobs').remove('1');
  expect(await of('mail').list('1')).toHaveLength(1);
});

it.each(['..', '.', '../mail', 'a/../../b', '/etc', 'a\\b'])(
  'a queue %j is a folder beside the others',
  (queue) => {
    expect(dirname(artifactFolder('/data', queue))).toBe('/data/artifacts');
    expect(basename(artifactFolder('/data', queue))).not.toMatch(/^\.{1,2}$/);
  },
);
