import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { artifactFolder, FolderArtifacts } from '#libs/artifacts';
import { expectProblem, TestApi } from './api-client.js';

const dataDir = mkdtempSync(join(tmpdir(), 'drover-api-artifacts-'));
const store = new FolderArtifacts(artifactFolder(dataDir, 'jobs'));

afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

async function withApi(
  settings: Record<string, string>,
  use: (api: TestApi) => Promise<void>,
): Promise<void> {
  const api = await TestApi.start({ settings: { DATA_DIR: dataDir, ...settings } });
  try {
    await use(api);
  } finally {
    await api.close();
  }
}

async function added(api: TestApi): Promise<string> {
  const { id } = await api.create();
  await store.put({ jobId: id, name: 'a.txt' }, 'x');
  return id;
}

const remove = (api: TestApi, id: string) => api.post(`/api/jobs/${id}/action`, { action: 'remove' });

it('the artifacts of a job that is removed go with it, and no others', async () => {
  await withApi({}, async (api) => {
    const [id, other] = [await added(api), await added(api)];
    expect((await remove(api, id)).body).toEqual({ id, removed: true });
    expect(await store.list(id)).toEqual([]);
    expect(await store.list(other)).toHaveLength(1);
  });
});

it('the artifacts of a job that is not removed stay', async () => {
  await withApi({}, async (api) => {
    const id = await added(api);
    await api.post(`/api/jobs/${id}/action`, { action: 'cancel' });
    expect(await store.list(id)).toHaveLength(1);
    await store.put({ jobId: 'none-such', name: 'a.txt' }, 'x');
    expectProblem(await remove(api, 'none-such'), 404, 'JOB_NOT_FOUND');
    expect(await store.list('none-such')).toHaveLength(1);
  });
});

it('those of a job of the same id in another queue stay', async () => {
  const mail = new FolderArtifacts(artifactFolder(dataDir, 'mail'));
  await withApi({ MORE_QUEUES: 'mail' }, async (api) => {
    const id = await added(api);
    await mail.put({ jobId: id, name: 'a.txt' }, 'x');
    expect((await remove(api, id)).status).toBe(200);
    expect(await store.list(id)).toEqual([]);
    expect(await mail.list(id)).toHaveLength(1);
  });
});
