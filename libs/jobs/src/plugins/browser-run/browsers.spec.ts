import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { processesWith } from '../../../../../tests/support/command.js';
import { waitFor } from '../../../../../tests/support/wait.js';
import { STOP_REASONS } from '../../framework/index.js';
import { makeFolder, removeLeftovers } from '../support/browser/folders.js';
import { keeperProgram } from '../support/browser/keeper-process.js';
import type { KeeperOptions } from '../support/browser/keeper/messages.js';
import { processesBelow } from '../support/browser/keeper/processes.js';
import { describeWithChromium, Site, Stand } from './browser-run.testkit.js';

const GREEDY = `<h1>greedy</h1><script>
  const kept = []; setInterval(() => kept.push(new Uint8Array(20e6).fill(1)), 5);</script>`;

describeWithChromium('the browsers of a worker', () => {
  const stands: Stand[] = [];
  let hanging = 0;
  let mostHanging = 0;
  const waiting: (() => void)[] = [];
  const site = new Site({
    '/': '<h1>home</h1>',
    '/greedy': GREEDY,
    '/hang': (_, response) => {
      mostHanging = Math.max(mostHanging, (hanging += 1));
      response.on('close', () => (hanging -= 1));
      waiting.push(() => response.end('done'));
    },
  });
  const goto = (path: string) => [{ kind: 'goto', url: site.url(path), timeout: 60_000 }];
  const stand = (settings: Record<string, string> = {}) => {
    const made = new Stand({ BROWSER_PRIVATE_HOSTS: '127.0.0.1', ...settings });
    stands.push(made);
    return made;
  };
  /** Processes of keepers and browsers. */
  const processesOf = ({ folder }: Stand) => processesWith(folder);
  /** The nearest to this process, which started it. */
  const keeperOf = ({ folder }: Stand) => {
    const all = processesWith(folder);
    return processesBelow(process.pid).find(({ pid }) => all.includes(pid))!.pid;
  };
  const foldersOf = ({ folder }: Stand) => readdirSync(folder);

  beforeAll(() => site.start());
  afterEach(async () => {
    waiting.splice(0).forEach((end) => end());
    const used = stands.splice(0);
    await Promise.all(used.map((one) => one.close()));
    await waitFor(() => used.flatMap(processesOf).length === 0, { what: 'all processes to end' });
  });
  afterAll(() => site.stop());

  it('are started with the first job, shared by the next, and gone with their folders when the worker ends', async () => {
    const one = stand();
    expect(processesOf(one)).toEqual([]);
    await one.run(goto('/'));
    const [folder] = foldersOf(one);
    await one.run(goto('/'));
    expect(foldersOf(one)).toEqual([folder]);
    expect(processesOf(one).length).toBeGreaterThan(1);
    await one.pool.onModuleDestroy();
    await waitFor(() => processesOf(one).length === 0);
  });

  it('a cancelled job leaves its page at once', async () => {
    const one = stand();
    const cancel = new AbortController();
    const running = one.run(goto('/hang'), {}, { signal: cancel.signal });
    await waitFor(() => hanging === 1);
    cancel.abort(STOP_REASONS.cancelled);
    expect((await running).outcome).toEqual({ kind: 'cancelled' });
    await waitFor(() => hanging === 0);
  });

  it('a job that takes too long fails with its timeout', async () => {
    const run = await stand().run(goto('/hang'), {}, { timeoutMs: 3000 });
    expect(run.error).toMatchObject({ code: 'JOB_TIMEOUT' });
    expect(run.warnings).toEqual([]);
  });

  it('no more pages are open than allowed; other jobs wait, and can be cancelled while they do', async () => {
    const one = stand({ BROWSER_CONTEXTS: '2' });
    const cancel = new AbortController();
    mostHanging = 0;
    const running = [1, 2, 3, 4].map(() => one.run(goto('/hang')));
    await waitFor(() => hanging === 2);
    const last = one.run(goto('/hang'), {}, { signal: cancel.signal });
    cancel.abort(STOP_REASONS.cancelled);
    expect((await last).outcome).toEqual({ kind: 'cancelled' });
    let ended = 0;
    const all = Promise.all(running.map((job) => job.then(() => (ended += 1))));
    while (ended < 4) {
      waiting.splice(0).forEach((end) => end());
      await Promise.race([all, waitFor(() => waiting.length > 0)]);
    }
    expect(mostHanging).toBe(2);
  });

  it('are replaced after so many jobs', async () => {
    const one = stand({ BROWSER_RECYCLE_JOBS: '2' });
    const seen = new Set<string>();
    for (let job = 0; job < 4; job++) {
      await one.run([...goto('/'), { kind: 'wait', loadState: 'load' }]);
      // A browser that has done its last job is removed.
      foldersOf(one).forEach((folder) => seen.add(folder));
    }
    await waitFor(() => processesOf(one).length === 0);
    expect(seen.size).toBeGreaterThanOrEqual(2);
  });

  it('are closed when nothing has used them for a while', async () => {
    const one = stand({ BROWSER_IDLE_SECONDS: '1' });
    await one.run(goto('/'));
    await waitFor(() => processesOf(one).length === 0 && foldersOf(one).length === 0);
  });

  it('a job whose browser dies fails with an error that may be retried, and the next has a new browser', async () => {
    const one = stand();
    const running = one.run(goto('/hang'));
    await waitFor(() => hanging === 1);
    // Killing the keeper is the hardest: it can end nothing any more, and the browser has to end by itself.
    process.kill(keeperOf(one), 'SIGKILL');
    expect((await running).outcome).toMatchObject({
      kind: 'failed',
      retry: true,
      error: { code: 'BROWSER_CRASHED' },
    });
    await waitFor(() => processesOf(one).length === 0 && foldersOf(one).length === 0);
    expect((await one.run(goto('/'))).error).toBeUndefined();
  });

  it('are not started any more by a keeper whose worker died before it was ready', async () => {
    const { folder, pool } = stand();
    const options: KeeperOptions = {
      executable: pool.settings.BROWSER_PATH!,
      sandbox: false,
      folder: await makeFolder(folder),
      launchTimeoutMs: 30_000,
      pageMemory: 1e9,
      totalMemory: 1e9,
    };
    const keeper = fork(keeperProgram(), [JSON.stringify(options)], { cwd: options.folder, execArgv: [] });
    const exited = once(keeper, 'exit');
    keeper.disconnect();
    expect(await exited).toEqual([0, null]);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('a page that takes too much memory is killed, its job fails for good, and others go on', async () => {
    const one = stand({ BROWSER_PAGE_MEMORY_MB: '200' });
    const other = one.run(goto('/hang'));
    await waitFor(() => hanging === 1);
    const greedy = await one.run([...goto('/greedy'), { kind: 'wait', text: 'never', timeout: 60_000 }]);
    expect(greedy.outcome).toMatchObject({ kind: 'failed', retry: false, error: { code: 'BROWSER_MEMORY' } });
    expect(greedy.error?.message).toContain('the page was killed: it had more than the 200 MB');
    waiting.splice(0).forEach((end) => end());
    expect((await other).error).toBeUndefined();
  });

  it('a browser that takes too much memory altogether is killed, and its only job fails for good', async () => {
    const one = stand({ BROWSER_MEMORY_MB: '700', BROWSER_PAGE_MEMORY_MB: '100000' });
    const run = await one.run([...goto('/greedy'), { kind: 'wait', text: 'never', timeout: 60_000 }]);
    expect(run.outcome).toMatchObject({ kind: 'failed', retry: false, error: { code: 'BROWSER_MEMORY' } });
    await waitFor(() => processesOf(one).length === 0);
  });

  it('a program that is no browser fails the job with what is wrong', async () => {
    const run = await stand({ BROWSER_PATH: '/bin/false' }).run(goto('/'));
    expect(run.outcome).toMatchObject({
      kind: 'failed',
      retry: true,
      error: { code: 'BROWSER_LAUNCH_FAILED' },
    });
  });

  it('jobs wait where there is no browser', async () => {
    const run = await stand({ BROWSER_PATH: '/nowhere/chromium' }).run(goto('/'));
    expect(run.outcome).toEqual({ kind: 'released', delayMs: 5000 });
  });

  it('folders of browsers whose keepers died with their worker are removed later, others are not', async () => {
    const { folder } = stand();
    for (const name of ['b-left', 'other']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, 'b-left', 'alive'), '');
    await removeLeftovers(folder);
    expect(readdirSync(folder)).toEqual(['b-left', 'other']);
    await removeLeftovers(folder, Date.now() + 3_600_000);
    expect(readdirSync(folder)).toEqual(['other']);
  });
});
