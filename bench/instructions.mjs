// npm run bench:instructions [-- peer case ...]: how many instructions Redis executes for each job. They hardly differ from
// run to run, however busy the machine is, so that a change of a few percent shows; see docs/benchmarks.md.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runMain } from '../scripts/lib/main.mjs';
import { UserError, say } from '../scripts/lib/messages.mjs';
import { freePort } from '../scripts/lib/ports.mjs';
import { isNewEnough, onPath, redisServersOnPath } from '../scripts/lib/redis-finder.mjs';
import { redisCommand } from '../scripts/lib/resp.mjs';
import { pollUntil } from '../scripts/lib/wait.mjs';
import { atEnd, endAll, endOnSignals } from './lib/ending.mjs';
import { peer as bullmq } from './peers/bullmq.mjs';
import { peer as drover } from './peers/drover.mjs';

const PEERS = { drover, bullmq };
const CASES = ['add-bulk', 'add-one', 'process-1', 'process-100', 'claims-10000', 'claims-1000000'];
const JOBS = 1000;
const BULK = 500;
const IN_FLIGHT = 100;

/** A Redis under callgrind, which counts only while it is told to. */
async function startCounted() {
  if (!onPath('valgrind')) throw new UserError('this needs valgrind (Debian: apt-get install valgrind)');
  const found = redisServersOnPath().find(({ version }) => isNewEnough(version));
  if (!found) throw new UserError('this needs redis-server 7.0 or newer');
  const dir = mkdtempSync(join(tmpdir(), 'drover-instructions-'));
  atEnd(() => rmSync(dir, { recursive: true, force: true }));
  const out = join(dir, 'callgrind.out');
  const port = String(await freePort());
  const tool = ['--tool=callgrind', '--instr-atstart=no', `--callgrind-out-file=${out}`, found.file];
  const server = spawn('valgrind', [...tool, '--port', port, '--save', '', '--dir', dir], {
    stdio: 'ignore',
  });
  const ended = once(server, 'exit');
  const stop = atEnd(async () => {
    server.kill('SIGTERM');
    await ended;
  });
  const address = `redis://127.0.0.1:${port}`;
  const answers = () => redisCommand(address, ['PING']).catch(() => undefined);
  await pollUntil(answers, { timeoutMs: 60_000, everyMs: 100 });
  const count = (state) =>
    execFileSync('callgrind_control', ['-i', state, String(server.pid)], { stdio: 'ignore' });
  return {
    address,
    count,
    /** What was executed in all, and of that in scripts: the rest is the server's timers, other commands and input. */
    async counted() {
      await stop();
      const inclusive = execFileSync('callgrind_annotate', ['--inclusive=yes', '--threshold=100', out], {
        encoding: 'utf8',
        maxBuffer: 64 * 1024 * 1024,
      });
      const scripts = [...inclusive.matchAll(/^ *([\d,]+) .*:(fcall|evalSha)Command /gm)];
      return {
        all: Number(/^totals: (\d+)/m.exec(readFileSync(out, 'utf8'))?.[1]),
        scripts: scripts.reduce((sum, [, count]) => sum + Number(count.replaceAll(',', '')), 0),
      };
    },
  };
}

const fail = (error) => {
  throw error;
};

async function addBulk(session, from, count) {
  for (let at = from; at < from + count; at += BULK)
    await session.addBulk(at, Math.min(BULK, from + count - at));
}

async function addOne(session, count) {
  let next = 0;
  const producer = async () => {
    while (next < count) await session.addOne(next++);
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, producer));
}

/** The first jobs are held back until all slots are taken: what is counted is a worker that runs at full concurrency. */
async function processJobs(session, { concurrency, pending, count }, redis) {
  await addBulk(session, 0, pending);
  const gate = deferred();
  const full = deferred();
  const done = deferred();
  let [started, ended] = [0, 0];
  const worker = await session.startWorker({
    concurrency,
    onRun: async () => {
      started += 1;
      if (started === concurrency) full.resolve();
      if (started <= concurrency) await gate.promise;
    },
    onDone: () => ++ended === count && done.resolve(),
  });
  worker.run();
  await full.promise;
  redis.count('on');
  gate.resolve();
  await done.promise;
  redis.count('off');
  await worker.close();
}

function deferred() {
  let resolve;
  const promise = new Promise((settle) => (resolve = settle));
  return { promise, resolve };
}

async function measure(name, what) {
  const redis = await startCounted();
  const session = PEERS[name].open({ address: redis.address, queue: 'bench', onError: fail });
  await session.ready();
  const [kind, size] = what.split('-');
  if (kind === 'process') {
    const concurrency = Number(size);
    await processJobs(session, { concurrency, pending: JOBS + 2 * concurrency, count: JOBS }, redis);
  } else if (kind === 'claims') {
    await processJobs(session, { concurrency: 1, pending: Number(size), count: JOBS }, redis);
  } else {
    await addBulk(session, 0, BULK);
    redis.count('on');
    if (what === 'add-bulk') await addBulk(session, BULK, JOBS);
    else await addOne(session, JOBS);
    redis.count('off');
  }
  await session.close();
  const { all, scripts } = await redis.counted();
  return `${Math.round(all / JOBS)} instructions a job, ${Math.round(scripts / JOBS)} of them in scripts`;
}

async function instructions(args) {
  endOnSignals();
  const peers = args.filter((arg) => arg in PEERS);
  const cases = args.filter((arg) => CASES.includes(arg));
  const unknown = args.find((arg) => !(arg in PEERS) && !CASES.includes(arg));
  if (unknown)
    throw new UserError(`no peer or case "${unknown}": ${[...Object.keys(PEERS), ...CASES].join(', ')}`);
  try {
    for (const what of cases.length > 0 ? cases : CASES) {
      for (const name of peers.length > 0 ? peers : Object.keys(PEERS))
        say(`${what.padEnd(14)} ${name.padEnd(8)} ${await measure(name, what)}`);
    }
  } finally {
    await endAll();
  }
}

await runMain(() => instructions(process.argv.slice(2)));
