import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Type } from '@nestjs/common';
import { typeOverridesSchema, typeSettingsSchema } from '#libs/contracts';
import { runHandler, startTestWorker } from '#libs/jobs/testing';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { TestApi } from './api-client.js';
import { PluginFolder } from './plugin-folder.js';
import { WorkerProcess } from './worker-process.js';

const GUIDE = readFileSync(join(process.cwd(), 'docs/jobs.md'), 'utf8');

/** The code block that follows the name of its file. */
function block(file: string): string {
  const [, , code] =
    new RegExp(`^\`${file.replaceAll('.', '\\.')}\`[^\n]*\n\n\`\`\`(\\w+)\n([^]*?)^\`\`\`$`, 'm').exec(
      GUIDE,
    ) ?? [];
  if (code === undefined) throw new Error(`docs/jobs.md has no code block for ${file}`);
  return code;
}

/** What the guide sends to the API. */
const example = JSON.parse(/'({"id":"digest-1".*})'/.exec(GUIDE)?.[1] ?? 'null') as {
  type: string;
  payload: { to: string; items: string[] };
};

describe('the first plugin of docs/jobs.md', () => {
  const folder = new PluginFolder();
  const source = join(folder.path, 'src/jobs.ts');
  const answer = { answer: `${example.payload.to} gets 7 characters` };

  beforeAll(() => {
    folder.write('src/jobs.ts', block('src/jobs.ts'));
    folder.write('tsconfig.json', block('tsconfig.json'));
    folder.link('@types/node', join(process.cwd(), 'node_modules/@types/node'));
  });
  afterAll(() => folder.remove());

  it('has less than 30 lines of code', () => {
    const lines = block('src/jobs.ts').split('\n');
    expect(lines.filter((line) => line.trim() !== '').length).toBeLessThan(30);
  });

  it('compiles, is loaded by a worker, and does the job of the guide, added by the API', async () => {
    const tsc = join(process.cwd(), 'node_modules/typescript/bin/tsc');
    const { stdout } = spawnSync(process.execPath, [tsc], { cwd: folder.path, encoding: 'utf8' });
    expect(stdout).toBe('');
    const api = await TestApi.start();
    const settings = {
      REDIS_URL: testRedisUrl(),
      QUEUE_PREFIX: api.prefix,
      DROVER_PLUGINS: './dist/jobs.js',
      DROVER_TYPE__MAIL_DIGEST__ATTEMPTS: '5',
    };
    const worker = new WorkerProcess(settings, folder.path);
    try {
      await worker.ready();
      await waitFor(async () => (await api.get('/api/types/mail.digest')).status === 200);
      const { body } = await api.post('/api/jobs', example);
      const path = `/api/jobs/${body.id}`;
      const job = await waitFor(async () => {
        const { body: found } = await api.get(path);
        return found.status === 'completed' ? found : undefined;
      });
      expect(job).toMatchObject({ id: 'digest-1', result: answer, progress: 100, attempts: { max: 5 } });
      expect((await api.get(`${path}/logs`)).body.logs).toEqual(['2 items for ada@example.org']);
      const wrong = await api.post('/api/jobs', { ...example, id: 'digest-2', payload: { to: 'nobody' } });
      expect(wrong).toMatchObject({ status: 400 });
    } finally {
      await worker.kill();
      await api.close();
    }
  }, 180_000);

  it('is tested as the guide says: by itself, and on a real queue', async () => {
    const { MailDigest, MailPlugin, Mailer } = jest.requireActual<Record<string, Type>>(source);
    const run = await runHandler(MailDigest!, { payload: example.payload, providers: [Mailer!] });
    expect(run).toMatchObject({ result: answer, logs: ['2 items for ada@example.org'] });
    const worker = await startTestWorker({ imports: [MailPlugin!], redisUrl: testRedisUrl() });
    const id = await worker.add(example.type, example.payload, { attempts: 1 });
    expect(await worker.finished(id)).toMatchObject({ status: 'completed', result: answer });
    await worker.close();
  });
});

it('docs/jobs.md names every setting of a type, and every part of one', () => {
  const parts = Object.entries(typeSettingsSchema.shape).flatMap(([name, schema]) => [
    name,
    ...Object.keys((schema as { shape?: object }).shape ?? {}),
  ]);
  expect(parts).toEqual(expect.arrayContaining(Object.keys(typeOverridesSchema.shape)));
  expect(parts.filter((name) => !new RegExp(`[\`{,] ?${name}\\b`).test(GUIDE))).toEqual([]);
});
