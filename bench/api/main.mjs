import { parseArgs } from 'node:util';
import { say } from '../../scripts/lib/messages.mjs';
import { setUp } from '../../scripts/lib/set-up.mjs';
import { endAll, endOnSignals } from '../lib/ending.mjs';
import { startRedis } from '../lib/redis.mjs';
import { median } from '../lib/statistics.mjs';
import { cpuOf } from './cpu.mjs';
import { load } from './load.mjs';
import { startDrover, startPeer } from './servers.mjs';

const HELP = `npm run bench:api -- [--seconds 10] [--rounds 3] [--connections 50] [--rate 2000]`;
const PEERS = { drover: startDrover, express: startPeer };
const TARGET = { perSecond: 2000, p99: 50 };

/** Creating and showing jobs through REST, with a worker that runs them, all on this machine. */
export async function benchApi(args) {
  const options = read(args);
  if (options.help) return void say(HELP);
  endOnSignals();
  try {
    await setUp();
    const figures = {};
    for (let round = 1; round <= options.rounds; round++) {
      for (const [name, start] of Object.entries(PEERS)) {
        (figures[name] ??= []).push(await measure(start, options, `round ${round}: ${name}`));
      }
    }
    say(table(figures, options));
    return 0;
  } finally {
    await endAll();
  }
}

function read(args) {
  const { values } = parseArgs({
    args,
    options: {
      seconds: { type: 'string', default: '10' },
      rounds: { type: 'string', default: '3' },
      connections: { type: 'string', default: '50' },
      rate: { type: 'string', default: String(TARGET.perSecond) },
      help: { type: 'boolean' },
    },
  });
  const numbers = ['seconds', 'rounds', 'connections', 'rate'].map((name) => [name, Number(values[name])]);
  return { ...Object.fromEntries(numbers), help: values.help };
}

/** All cases of one peer, each time on an empty Redis. */
async function measure(start, { seconds, connections, rate }, title) {
  const redis = await startRedis();
  const peer = await start(redis);
  const common = { url: peer.url, headers: peer.headers, connections };
  const timed = async (what) => {
    const before = [cpuOf(peer.pid), await redis.cpu()];
    const result = await load({ ...common, seconds, ...what });
    const [server, store] = [cpuOf(peer.pid) - before[0], (await redis.cpu()) - before[1]];
    return { ...result, serverCpu: server / result.total, redisCpu: store / result.total };
  };
  const create = requests(peer);
  await load({ ...common, seconds: 3, requests: create }); // warm
  const id = await someJob(peer);
  const result = {
    create: await timed({ requests: create }),
    'create at the target rate': await timed({ rate, requests: create }),
    show: await timed({ requests: [peer.show(id)] }),
  };
  for (const [name, figures] of Object.entries(result)) say(`${title}, ${name}: ${line(figures)}`);
  await peer.stop();
  return result;
}

function requests({ create }) {
  let n = 0;
  const setupRequest = (request) => ({ ...request, body: JSON.stringify(create.body(++n)) });
  return [{ method: create.method, path: create.path, setupRequest }];
}

async function someJob({ url, create, headers }) {
  const response = await fetch(`${url}${create.path}`, {
    method: create.method,
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(create.body(0)),
  });
  return (await response.json()).id;
}

const KEYS = ['perSecond', 'p50', 'p99', 'serverCpu', 'redisCpu'];

/** CPU times are those of a request; Redis' with what the worker asks of it meanwhile. */
function line({ perSecond, p50, p99, serverCpu, redisCpu }) {
  const cpu = `CPU ${Math.round(serverCpu)} us server, ${Math.round(redisCpu)} us Redis`;
  return `${Math.round(perSecond)}/s, p50 ${p50} ms, p99 ${p99} ms, ${cpu}`;
}

function table(figures, { connections, rate }) {
  const lines = [`\n${connections} connections; median of the rounds`];
  for (const name of Object.keys(figures.drover[0])) {
    for (const [peer, rounds] of Object.entries(figures)) {
      const of = (key) => median(rounds.map((round) => round[name][key]));
      lines.push(
        `${name.padEnd(28)} ${peer.padEnd(10)} ${line(Object.fromEntries(KEYS.map((key) => [key, of(key)])))}`,
      );
    }
  }
  const { perSecond, p99 } = TARGET;
  const at = figures.drover.map((round) => round['create at the target rate']);
  const isMet =
    rate >= perSecond &&
    median(at.map((one) => one.p99)) < p99 &&
    median(at.map((one) => one.perSecond)) > 0.98 * perSecond;
  lines.push(`target (${perSecond} creates/s, p99 under ${p99} ms): ${isMet ? 'reached' : 'not reached'}`);
  return lines.join('\n');
}
