import { UserError, say } from '../../scripts/lib/messages.mjs';
import { isEnding } from './ending.mjs';
import { figure } from './format.mjs';
import { Run } from './run.mjs';
import { summary } from './statistics.mjs';
import { verdicts } from './targets.mjs';

const FEWEST_JOBS = 20;

/**
 * Measures one case: in each round every peer once, each time another one first, so that a slow minute of the
 * machine hits all of them. A round that fails its check is reported and not counted.
 *
 * @returns `{ entry, rows, failures, verdicts }` with one row per peer: `{ peer, jobs, figures }`, the figures being
 *   summaries by column
 */
export async function measureCase(entry, { rounds, scale, peers, stores, programs }) {
  const part = peers.filter((peer) => entry.peers?.(peer) ?? true);
  const measured = new Map(part.map((peer) => [peer, []]));
  const failures = [];
  const count = Math.min(rounds, entry.rounds ?? rounds);
  const jobsOf = (peer) =>
    Math.max(FEWEST_JOBS, Math.round(entry.jobs * scale * (entry.shares?.[peer.name] ?? 1)));
  for (let round = 0; round < count; round++) {
    for (const peer of rotated(part, round)) {
      const run = new Run(peer, stores[peer.store], programs);
      try {
        await run.store.reset();
        const figures = await entry.measure(run, jobsOf(peer));
        await run.end();
        measured.get(peer).push(figures);
        tell(entry, { round, peer, jobs: jobsOf(peer), figures });
      } catch (error) {
        if (isEnding()) throw new UserError('interrupted');
        const what = `${entry.name}, round ${round + 1}, ${peer.name}`;
        console.error(`bench: ${what}: ${error.message}`);
        failures.push(`${what}: ${error.message.split('\n')[0]}`); // the rest would be paths
        await run.abandon();
      }
    }
  }
  const rows = part
    .filter((peer) => measured.get(peer).length > 0)
    .map((peer) => ({ peer, jobs: jobsOf(peer), figures: summarise(entry.columns, measured.get(peer)) }));
  return { entry, rounds: count, rows, failures, verdicts: verdicts(entry, rows) };
}

const rotated = (list, by) => list.map((_, place) => list[(place + by) % list.length]);

function summarise(columns, list) {
  return Object.fromEntries(columns.map(({ key }) => [key, summary(list.map((figures) => figures[key]))]));
}

function tell({ name, columns }, { round, peer, jobs, figures }) {
  const [{ key, title }] = columns;
  say(`${name}, round ${round + 1}: ${peer.name}, ${jobs} jobs: ${figure(figures[key])} ${title}`);
}
