import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { QueueService, silentLogger } from '#libs/queue';
import { freshPrefix, WorkerProcess } from '../e2e/worker-process.js';
import { processesWith } from '../support/command.js';
import { testRedisUrl } from '../support/redis.js';
import { waitFor } from '../support/wait.js';
import { completedOf, shortLeases } from './support/killing.js';

/** The figures are 500 and 20: `BROWSER_JOBS=500 BROWSER_KILLS=20 npx jest tests/chaos/browser-kill`. */
const JOBS = Number(process.env['BROWSER_JOBS'] ?? 40);
const KILLS = Number(process.env['BROWSER_KILLS'] ?? 4);
/** Per kill: a worker, a browser and some jobs, on a machine that does other things too. */
const PHASE_MS = 60_000 + JOBS * 1000;
const chromium = process.env['TEST_CHROMIUM'] ?? '';
const itWithChromium = chromium ? it : it['skip'];

const url = testRedisUrl();
const prefix = freshPrefix();
const queue = new QueueService({ redisUrl: url, prefix, logger: silentLogger });
const folder = mkdtempSync(join(tmpdir(), 'drover-chaos-browser-'));
const site = createServer((_, response) => {
  response.setHeader('content-type', 'text/html').end('<h1>page</h1><iframe src="about:blank"></iframe>');
});
const env = {
  ...shortLeases(url, prefix),
  WORKER_MAX_STALLS: '1000',
  BROWSER_PATH: chromium,
  BROWSER_PRIVATE_HOSTS: '127.0.0.1',
  BROWSER_RECYCLE_JOBS: '15',
  // Every process of a browser has this in its environment, its arguments or its working directory.
  BROWSER_TEMP_DIR: folder,
};
let worker: WorkerProcess | undefined;
let most = 0;
let left = 0;

afterAll(async () => {
  await worker?.kill();
  site.close();
  await queue.close();
  rmSync(folder, { recursive: true, force: true });
});

/** The worker itself does not count. */
const browserProcesses = (): number[] => processesWith(folder).filter((pid) => pid !== worker?.pid);

async function completed(count: number): Promise<void> {
  await waitFor(
    async () => {
      most = Math.max(most, browserProcesses().length);
      return (await completedOf(queue)) >= count;
    },
    { what: `${count} jobs to be completed`, timeoutMs: PHASE_MS, everyMs: 50 },
  );
}

async function nothingLeft(): Promise<void> {
  await waitFor(() => browserProcesses().length === 0, {
    what: 'every process of the browser to end',
    timeoutMs: 60_000,
  });
  await waitFor(() => readdirSync(folder).length === 0, {
    what: 'every profile to be removed',
    timeoutMs: 60_000,
  });
  left = Math.max(left, browserProcesses().length);
}

itWithChromium(
  `${JOBS} browser jobs and ${KILLS} kills of their worker leave no process and no profile behind`,
  async () => {
    expect(existsSync(chromium)).toBe(true);
    await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(site.address() as AddressInfo).port}/`;
    const steps = [
      { kind: 'goto', url: address },
      { kind: 'assert', selector: 'h1', text: 'page' },
      { kind: 'extract', as: 'heading', selector: 'h1' },
    ];
    const ids = await Promise.all(
      Array.from({ length: JOBS }, async () => {
        return (await queue.jobs.create({ type: 'browser.run', payload: { steps }, attempts: 10 })).id;
      }),
    );
    for (let kill = 1; kill <= KILLS; kill++) {
      worker = new WorkerProcess(env);
      await completed(Math.floor((JOBS * kill) / (KILLS + 1)));
      expect(browserProcesses().length).toBeGreaterThan(1);
      await worker.kill();
      await nothingLeft();
    }
    worker = new WorkerProcess(env);
    await completed(JOBS);
    const views = await Promise.all(ids.map((id) => queue.jobs.find(id)));
    expect(views.filter((view) => view?.status !== 'completed')).toEqual([]);
    expect(await worker.stop()).toBe(0);
    await nothingLeft();
    process.stderr.write(`browser processes: at most ${most} at once, ${left} left after ${KILLS} kills\n`);
  },
  (KILLS + 2) * PHASE_MS,
);
