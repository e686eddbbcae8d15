import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testRedisUrl } from '../support/redis.js';
import { PluginFolder } from './plugin-folder.js';
import { freshPrefix, WorkerProcess } from './worker-process.js';

const project = process.cwd();
const inModules = (file: string) => join(project, 'node_modules', file);
const done = { code: 0, output: '' };

/** Runs a program of Node to its end. */
function node(cwd: string, ...args: string[]): { code: number | null; output: string } {
  const env = { ...process.env, INIT_CWD: cwd };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd, env, encoding: 'utf8' });
  return { code: status, output: stdout + stderr };
}

/** A copy of the project as far as the generator looks at it; what plugins import is the project's own. */
function copyProject(): string {
  const copy = mkdtempSync(join(tmpdir(), 'drover-copy-'));
  for (const name of ['package.json', '.prettierrc.json', 'scripts', 'libs/jobs/src/plugins'])
    cpSync(join(project, name), join(copy, name), { recursive: true });
  for (const name of ['node_modules', 'libs/jobs/src/framework'])
    symlinkSync(join(project, name), join(copy, name));
  return copy;
}

describe('npm run new:job in the project', () => {
  const copy = copyProject();
  const plugins = join(copy, 'libs/jobs/src/plugins');
  const newJob = (...args: string[]) => node(copy, 'scripts/new-job.mjs', ...args);
  // Before the tests, so that those it writes are among them.
  const scheduled = newJob('mail.digest', '--schedule', '0 7 * * 1-5');
  const batched = newJob('mail.with-a-long-name.of-many-words', '--batch');
  const folders = ['mail-digest', 'mail-with-a-long-name-of-many-words'].map((name) => join(plugins, name));

  afterAll(() => rmSync(copy, { recursive: true }));

  describe('writes tests that pass:', () => {
    jest.requireActual(join(folders[0]!, 'mail-digest.spec.ts'));
    jest.requireActual(join(folders[1]!, 'mail-with-a-long-name-of-many-words.spec.ts'));
  });

  it('says what it wrote, and what comes next', () => {
    expect(scheduled).toMatchObject({ code: 0 });
    expect(scheduled.output).toContain('  libs/jobs/src/plugins/mail-digest/mail-digest.handler.ts\n');
    expect(scheduled.output).toContain('npx jest libs/jobs/src/plugins/mail-digest\n');
    expect(batched).toMatchObject({ code: 0 });
  });

  it('adds the plugins to those that are bundled, all in the format of the project', () => {
    const bundled = join(plugins, 'bundled.ts');
    const text = readFileSync(bundled, 'utf8');
    expect(text).toContain("import { MailDigestPlugin } from './mail-digest/mail-digest.plugin.js';\n");
    expect(text).toContain("  'mail-digest': MailDigestPlugin,\n");
    expect(readFileSync(join(folders[0]!, 'mail-digest.handler.ts'), 'utf8')).toContain(
      "  schedule: { cron: '0 7 * * 1-5', payload: { name: 'Ada' } },\n",
    );
    const options = ['--check', '--log-level=warn'];
    expect(node(copy, inModules('prettier/bin/prettier.cjs'), ...options, bundled, ...folders)).toEqual(done);
  });

  it.each([
    [['example.echo'], /^drover: job type example\.echo is taken: libs\/\S+\/echo\.handler\.ts has it\n$/],
    [
      ['mail.digest'],
      /^drover: job type mail\.digest is taken: libs\/\S+\/mail-digest\.handler\.ts has it\n$/,
    ],
    [['mail-digest'], /^drover: libs\/jobs\/src\/plugins\/mail-digest is there already: choose another type/],
    [['Mail.Digest'], /^drover: "Mail\.Digest" cannot be a job type here: small letters and digits/],
    [['../x'], /^drover: "\.\.\/x" cannot be a job type here/],
    [[], /^drover: give one job type, such as mail\.digest\ndrover: usage: npm run new:job -- <type>/],
    [['a', 'b'], /^drover: give one job type/],
    [['a', '--every', '5m'], /^drover: Unknown option '--every'/],
    [['a', '--schedule', 'daily'], /^drover: --schedule "daily" is neither a time such as 30s/],
  ])('refuses %j, and writes nothing', (args, message) => {
    const before = readdirSync(plugins);
    expect(newJob(...args)).toEqual({ code: 1, output: expect.stringMatching(message) });
    expect(readdirSync(plugins)).toEqual(before);
  });
});

describe('npm run new:job for a package of its own', () => {
  const folder = new PluginFolder();
  const newJob = (...args: string[]) => node(folder.path, join(project, 'scripts/new-job.mjs'), ...args);
  const written = newJob('acme.ping', '--dir', 'src');
  const compilerOptions = {
    ...{ module: 'nodenext', target: 'es2022', rootDir: 'src', outDir: 'dist', skipLibCheck: true },
    ...{ strict: true, experimentalDecorators: true, emitDecoratorMetadata: true, types: ['node', 'jest'] },
  };

  afterAll(() => folder.remove());

  describe('writes tests that pass:', () => {
    jest.requireActual(join(folder.path, 'src/acme-ping.spec.ts'));
  });

  it('writes a plugin that compiles, and that a worker runs', async () => {
    expect(written).toMatchObject({ code: 0 });
    for (const name of ['@types/node', '@types/jest']) folder.link(name, inModules(name));
    folder.write('tsconfig.json', JSON.stringify({ compilerOptions, include: ['src'] }));
    expect(node(folder.path, inModules('typescript/bin/tsc'))).toEqual(done);
    const settings = { REDIS_URL: testRedisUrl(), QUEUE_PREFIX: freshPrefix() };
    const plugins = './dist/acme-ping.plugin.js';
    const worker = new WorkerProcess({ ...settings, DROVER_PLUGINS: plugins }, folder.path);
    try {
      expect((await worker.health()).body['types']).toContain('acme.ping');
    } finally {
      await worker.kill();
    }
  }, 180_000);

  it('leaves files alone that are there', () => {
    folder.write('other/acme-ping.spec.ts', 'mine');
    expect(newJob('acme.ping', '--dir', 'other')).toEqual({
      code: 1,
      output: expect.stringMatching(
        /^drover: \S+acme-ping\.spec\.ts is there already: nothing was written\n$/,
      ),
    });
    expect(readdirSync(join(folder.path, 'other'))).toEqual(['acme-ping.spec.ts']);
  });
});
