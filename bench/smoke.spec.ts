import { execFile } from 'node:child_process';
import { join } from 'node:path';

interface Outcome {
  code: number;
  output: string;
}

const PATIENCE_MS = 170_000;
const MAIN = join(__dirname, 'main.mjs');
const CASES = [
  ...['add-bulk', 'process-100', 'two-processes', 'add-and-process', 'end-to-end', 'pick-up'],
  ...['pick-up-go', 'memory-200-retries', 'claims'],
];
const REDIS_PEERS = ['drover', 'bullmq', 'bee-queue'];
const POSTGRES_PEERS = ['graphile', 'graphile-batched', 'pg-boss'];

function smoke(...args: string[]): Promise<Outcome> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [MAIN, '--smoke', ...args],
      { timeout: PATIENCE_MS },
      (error, stdout, stderr) => {
        const code = error ? Number(error.code ?? 1) : 0;
        resolve({ code, output: `${stdout}${stderr}` });
      },
    );
  });
}

/** What was measured, as "case peer". */
const measured = (output: string): string[] =>
  [...output.matchAll(/^(\S+), round 1: (\S+), \d+ jobs/gm)].map(([, name, peer]) => `${name} ${peer}`);

// Few jobs and no look at times: whether the benchmark itself is right, for every peer there is here.
describe('the benchmark', () => {
  let outcome: Outcome;

  beforeAll(async () => {
    outcome = await smoke();
  }, PATIENCE_MS + 10_000);

  it('runs every job of every case exactly once', () => {
    const withoutGo = outcome.output.includes('Go was not found');
    expect(outcome.output).toContain('Every job of every round was run exactly once.');
    expect(outcome.code).toBe(0);
    const ofDrover = measured(outcome.output).filter((text) => text.endsWith(' drover'));
    expect(ofDrover).toEqual(
      CASES.filter((name) => name !== 'pick-up-go' || !withoutGo).map((name) => `${name} drover`),
    );
  });

  it('runs the peers, or says which are missing', () => {
    const withoutPostgres = outcome.output.includes('PostgreSQL was not found');
    const peers = withoutPostgres ? REDIS_PEERS : [...REDIS_PEERS, ...POSTGRES_PEERS];
    const pairs = measured(outcome.output);
    expect(pairs).toEqual(expect.arrayContaining(peers.map((peer) => `process-100 ${peer}`)));
    expect(pairs).toEqual(expect.arrayContaining(peers.map((peer) => `add-and-process ${peer}`)));
  });

  it('says which cases and peers there are when one is not known', async () => {
    const { code, output } = await smoke('--peers', 'nobody');
    expect(code).toBe(1);
    expect(output).toContain('there is no "nobody"; there are drover, bullmq');
  });
});
