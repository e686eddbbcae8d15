import { join } from 'node:path';
import { QueueService, silentLogger } from '#libs/queue';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { PluginFolder } from './plugin-folder.js';
import { freshPrefix, WorkerProcess } from './worker-process.js';

const url = testRedisUrl();
const prefix = freshPrefix();
const queue = new QueueService({ redisUrl: url, prefix, logger: silentLogger });
const folder = new PluginFolder();
const workers: WorkerProcess[] = [];

/** Decorators as a compiler writes them, since Node runs none: a handler of type `type`. */
const plugin = (type: string, module: string) => `
import { JobHandler, PermanentJobError } from 'drover/jobs';
import { Module } from '@nestjs/common';
import { z } from 'zod';
class Handler {
  run({ of }) {
    if (of === 0) throw new PermanentJobError('nothing to do');
    return { type: '${type}', of };
  }
}
JobHandler({ type: '${type}', payload: z.object({ of: z.number() }), attempts: 9 })(Handler);
export class ${module} {}
Module({ providers: [Handler] })(${module});
`;

function start(plugins: string, env: Record<string, string> = {}): WorkerProcess {
  const settings = { REDIS_URL: url, QUEUE_PREFIX: prefix, DROVER_PLUGINS: plugins, ...env };
  const worker = new WorkerProcess(settings, folder.path);
  workers.push(worker);
  return worker;
}

async function ended(id: string) {
  return waitFor(
    async () => {
      const job = await queue.jobs.find(id);
      return job && ['completed', 'failed'].includes(job.status) ? job : undefined;
    },
    { what: `job ${id} to end` },
  );
}

beforeAll(() => {
  folder.write('mine/jobs.js', plugin('mine.count', 'MyPlugin'));
  folder.write(
    'node_modules/@acme/jobs-x/package.json',
    '{"name":"@acme/jobs-x","type":"module","exports":"./x.js"}',
  );
  folder.write('node_modules/@acme/jobs-x/x.js', plugin('acme.count', 'AcmePlugin'));
  // Its own Nest and zod, as when it was installed with other versions of them.
  for (const name of ['@nestjs/common', 'reflect-metadata', 'zod'])
    folder.copy(name, 'node_modules/@acme/jobs-x');
  for (const name of ['tslib', 'uid', 'iterare', 'load-esm', 'file-type'])
    folder.link(name, join(process.cwd(), 'node_modules', name));
  folder.write('broken.js', 'const it = 1;\nthrow new TypeError("not today");');
  folder.write('unclear.js', 'export const x = ;');
  folder.write('astray.js', "import 'somewhere-else';");
  folder.write('empty.js', 'export const handlers = [];');
  folder.write('twice.js', plugin('mine.count', 'SameType'));
});

afterAll(async () => {
  await Promise.all(workers.map((worker) => worker.kill()));
  await queue.close();
  folder.remove();
});

it('a worker runs jobs of a package and of a file that DROVER_PLUGINS names, besides its own', async () => {
  const worker = await start('@acme/jobs-x, ./mine/jobs.js').ready();
  expect((await worker.health()).body['types']).toEqual(
    expect.arrayContaining(['acme.count', 'example.echo', 'mine.count']),
  );
  const [mine, acme, nothing] = await Promise.all(
    [
      { type: 'mine.count', payload: { of: 1 } },
      { type: 'acme.count', payload: { of: 2 } },
      { type: 'mine.count', payload: { of: 0 } },
    ].map((job) => queue.jobs.create(job)),
  );
  expect(await ended(mine!.id)).toMatchObject({ result: { type: 'mine.count', of: 1 } });
  expect(await ended(acme!.id)).toMatchObject({ result: { type: 'acme.count', of: 2 } });
  // The error's class is the worker's own: there is one copy of the library in the process.
  expect(await ended(nothing!.id)).toMatchObject({ error: 'nothing to do', attempts: { made: 1 } });
  expect(await worker.stop()).toBe(0);
});

it('a worker without the bundled plugins has only those it is given', async () => {
  const worker = await start('./mine/jobs.js', { DROVER_BUNDLED_PLUGINS: 'none' }).ready();
  expect((await worker.health()).body['types']).toEqual(['mine.count']);
  expect(await worker.stop()).toBe(0);
});

it.each([
  ['./gone.js', /^DROVER_PLUGINS: plugin "\.\/gone\.js" was not found: there is no file \/\S+\/gone\.js$/],
  ['@acme/gone', /^DROVER_PLUGINS: plugin "@acme\/gone" was not found: no package of this name is installed/],
  ['./broken.js', /plugin "\.\/broken\.js" does not load: TypeError: not today \(\S+broken\.js:2\)$/],
  ['./unclear.js', /"\.\/unclear\.js" does not load: SyntaxError: .*node --check \S+unclear\.js shows where/],
  [
    './astray.js',
    /"\.\/astray\.js" does not load: Error: Cannot find package 'somewhere-else' imported from/,
  ],
  ['./empty.js', /plugin "\.\/empty\.js" exports no module \(its exports: handlers\)/],
  ['./mine/jobs.js,./twice.js', /^job type "mine\.count" has two handlers, Handler and Handler/],
])(
  'a worker with the plugins %s does not start, and says in one line what is wrong',
  async (plugins, line) => {
    const worker = start(plugins);
    expect(await worker.exited).toBe(1);
    expect(worker.lines).toEqual([expect.stringMatching(line)]);
  },
);

it('a worker does not start with a bundled plugin that there is not', async () => {
  const worker = start('', { DROVER_BUNDLED_PLUGINS: 'example,nonsense' });
  expect(await worker.exited).toBe(1);
  expect(worker.lines).toEqual([expect.stringMatching(/^DROVER_BUNDLED_PLUGINS: .* "nonsense"; write all/)]);
});
