import { mkdirSync, writeFileSync } from 'node:fs';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { markdown } from './markdown.mjs';

const FOLDER = 'bench/results';

/**
 * Writes the results as Markdown and as JSON with the figures of every round.
 * @returns the two files, from the project's folder
 */
export function writeResults(report) {
  mkdirSync(inRoot(FOLDER), { recursive: true });
  const { facts } = report;
  const name = `${FOLDER}/${facts.date.slice(0, 16).replace(/[T:]/g, '-')}-${machineKind(facts)}`;
  const files = { [`${name}.md`]: markdown(report), [`${name}.json`]: json(report) };
  for (const [file, text] of Object.entries(files)) writeFileSync(inRoot(file), text);
  return Object.keys(files);
}

/** For example `2-cores-intel-xeon-processor`. */
function machineKind({ cores, cpu }) {
  const words =
    cpu
      .toLowerCase()
      .replace(/\(r\)|\(tm\)|@.*|\bcpu\b/g, ' ')
      .match(/[a-z0-9]+/g) ?? [];
  return `${cores}-cores-${words.slice(0, 4).join('-')}`;
}

function json({ results, ...report }) {
  const cases = results.map(({ entry, rounds, rows, failures, verdicts }) => ({
    name: entry.name,
    title: entry.title,
    rounds,
    failures,
    verdicts,
    columns: entry.columns,
    peers: rows.map(({ peer, jobs, figures }) => ({ peer: peer.name, jobs, figures })),
  }));
  return `${JSON.stringify({ ...report, cases }, null, 2)}\n`;
}
