import { parseArgs } from 'node:util';
import { say } from '../../scripts/lib/messages.mjs';
import { setUp } from '../../scripts/lib/set-up.mjs';
import { endAll, endOnSignals } from '../lib/ending.mjs';
import { startRedis } from '../lib/redis.mjs';
import { median } from '../lib/statistics.mjs';
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
  const create = requests(peer);
  await load({ ...common, seconds: 3, requests: create }); // warm
  const id = await someJob(peer);
  const show = [peer.show(id)];
  const result = {
    create: await load({ ...common, seconds, requests: create }),
    'create at the target rate': await load({ ...common, seconds, rate, requests: create }),
    show: await load({ ...common, seconds, requests: show }),
  };
  for (const [name, { perSecond, p50, p99 }] of Object.entries(result)) {
    say(`${title}, ${name}: ${Math.round(perSecond)} a second, p50 ${p50} ms, p99 ${p99} ms`);
  }
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

function table(figures, { connections, rate }) {
  const lines = [`\n${connections} connections; median of the rounds`];
  for (const name of Object.keys(figures.drover[0])) {
    for (const [peer, rounds] of Object.entries(figures)) {
      const of = (key) => median(rounds.map((round) => round[name][key]));
      lines.push(
        `${name.padEnd(28)} ${peer.padEnd(10)} ${Math.round(of('perSecond'))}/s p50 ${of('p50')} ms p99 ${of('p99')} ms`,
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
