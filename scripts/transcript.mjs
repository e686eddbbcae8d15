// Writes docs/transcript.md: one job from Go's add to Go reading its result, with every Redis command that
// MONITOR shows. Run it with `node scripts/transcript.mjs` after `npm run build`; it needs Go and redis-server.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { Redis } from 'ioredis';

const root = new URL('..', import.meta.url).pathname;
const dir = mkdtempSync(join(tmpdir(), 'drover-transcript-'));
const legacy = join(dir, 'legacy');
const base = 'botrix:jobs:';

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}

async function until(condition) {
  const deadline = Date.now() + 30_000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error('the job did not get done');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

function go(url, operation, ...flags) {
  const { status, stdout, stderr } = spawnSync(legacy, [operation, '--redis', url, ...flags], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`legacy ${operation}: ${stderr}`);
  return stdout.trim();
}

/** What a function's name has before that of its script. */
const LIBRARY = /^drover_[0-9a-f]+_/;
const isScript = ({ source, args: [command = ''] }) =>
  source === 'client' && /^(fcall|evalsha)$/i.test(command);

/** One line of MONITOR as a person reads it: Drover's scripts by name, what they do indented. */
function shown({ source, args }, names) {
  const [command = '', ...rest] = args;
  if (command.toLowerCase() === 'fcall') return `# FCALL ${rest[0].replace(LIBRARY, '')}`;
  if (command.toLowerCase() === 'evalsha') return `# script ${names.get(rest[0]) ?? rest[0]}`;
  if (command.toLowerCase() === 'eval')
    return `# script ${names.get(sha1(unescape(rest[0]))) ?? 'sent for the first time'}`;
  const text = [
    command.toUpperCase(),
    ...rest.map((arg) => (/^[\w:.()+-]+$/.test(arg) ? arg : JSON.stringify(arg))),
  ].join(' ');
  return source === 'lua' ? `    ${text}` : text;
}

const sha1 = (text) => createHash('sha1').update(text).digest('hex');
/** MONITOR writes a script's text with its line ends escaped. */
const unescape = (text) => text.replace(/\\(n|"|\\)/g, (_, kind) => (kind === 'n' ? '\n' : kind));
const shortened = (line) => (line.length > 170 ? `${line.slice(0, 167)}...` : line);

async function record() {
  const build = spawnSync('go', ['build', '-o', legacy, './cmd/legacy'], {
    cwd: join(root, 'tests/interop/go'),
    stdio: 'inherit',
  });
  if (build.status !== 0) throw new Error('the Go program does not build');
  const [port, workerPort] = [await freePort(), await freePort()];
  const url = `redis://127.0.0.1:${port}`;
  const server = spawn('redis-server', ['--port', port, '--bind', '127.0.0.1', '--save', '', '--dir', dir], {
    stdio: 'ignore',
  });
  const redis = new Redis(url, { maxRetriesPerRequest: null });
  redis.on('error', () => undefined);
  await redis.ping();
  const env = {
    ...process.env,
    REDIS_URL: url,
    WORKER_PORT: String(workerPort),
    RECONCILE_SECONDS: '3600',
    WORKER_ID: 'worker-1',
  };
  const worker = spawn(process.execPath, ['dist/apps/worker/src/main.js'], {
    cwd: root,
    env,
    stdio: 'ignore',
  });
  try {
    await until(async () => (await fetch(`http://127.0.0.1:${workerPort}/health`).catch(() => ({}))).ok);
    // An idle worker has subscribed before the recording starts.
    await until(async () => (await redis.pubsub('NUMSUB', `${base}updates`))[1] > 0);
    return await recordJob(url, redis);
  } finally {
    worker.kill('SIGTERM');
    await once(worker, 'exit');
    redis.disconnect();
    server.kill('SIGTERM');
    await once(server, 'exit');
    rmSync(dir, { recursive: true, force: true });
  }
}

async function recordJob(url, redis) {
  const names = new Map();
  const { SCRIPT_NAMES, scriptSource } = await import('../dist/libs/queue/src/backend/script-loader.js');
  const { createHash } = await import('node:crypto');
  for (const name of SCRIPT_NAMES)
    names.set(createHash('sha1').update(scriptSource(name)).digest('hex'), `${name}.lua`);
  const watch = spawn(legacy, ['watch', '--redis', url], { stdio: ['ignore', 'pipe', 'ignore'] });
  const messages = [];
  watch.stdout.setEncoding('utf8').on('data', (text) => messages.push(...text.trim().split('\n')));
  await until(() => messages.length > 0);

  const monitor = await redis.monitor();
  const sections = [];
  let lines = [];
  monitor.on('monitor', (_time, args, source) =>
    lines.push({ source: source === 'lua' ? 'lua' : 'client', args }),
  );
  const section = (title, said) => {
    sections.push({ title, said, lines });
    lines = [];
  };

  const added = go(url, 'add', '--id', 'go-1', '--priority', '1', '--username', 'ada');
  await until(() => messages.some((message) => message.includes('job_completed')));
  await until(() => lines.some(({ args }) => args[0] === 'PUBLISH' && args[2]?.includes('job_completed')));
  const first = lines.findIndex(isScript);
  const later = lines.splice(first);
  section('Go adds the job', [`$ legacy add --id go-1 --priority 1 --username ada`, added]);
  lines = later;
  section('The TypeScript worker hears of it, adopts it, claims it, runs `example.echo`, and ends it', []);
  const status = go(url, 'status', '--id', 'go-1');
  const result = go(url, 'result', '--id', 'go-1');
  await redis.ping();
  section('Go reads status and result', [
    '$ legacy status --id go-1',
    status,
    '$ legacy result --id go-1',
    result,
  ]);
  monitor.disconnect();
  watch.kill('SIGTERM');
  await once(watch, 'exit');
  return render(sections, messages, names);
}

/** Every script looks at the types of the queue's keys, by commands whose answers nobody reads; said once, they are no longer interesting. */
function withoutChecks(lines) {
  return lines.flatMap((line) => {
    if (/^# (script|FCALL) /.test(line)) return [line, "    (looks at the types of the queue's keys)"];
    return /^ +([SZ]INTERCARD \d+ \S+:nothing|SCARD|XLEN|HLEN|STRLEN) /.test(line) ? [] : [line];
  });
}

function render(sections, messages, names) {
  const parts = [
    '# One job, command by command',
    '',
    'A legacy Go service adds a job without a type, an idle TypeScript worker runs it, and Go reads the result. Below is what',
    "Redis' `MONITOR` showed: a service's commands as they came, Drover's scripts by name (`FCALL` where they are functions of",
    'Redis) with what they did indented. Long',
    'lines are cut. `node scripts/transcript.mjs` writes this page anew.',
  ];
  for (const { title, said, lines } of sections) {
    parts.push('', `## ${title}`, '');
    if (said.length > 0) parts.push('```', ...said, '```', '');
    const useful = lines.filter(({ args }) => !/^(info|ping|hello|client|auth|select)$/i.test(args[0] ?? ''));
    parts.push('```', ...withoutChecks(useful.map((line) => shortened(shown(line, names)))), '```');
  }
  parts.push('', '## What a Go watcher saw meanwhile', '', '```', '$ legacy watch', ...messages, '```', '');
  return parts.join('\n');
}

writeFileSync(join(root, 'docs/transcript.md'), await record());
console.log('wrote docs/transcript.md');
