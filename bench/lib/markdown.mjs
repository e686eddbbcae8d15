import { verdictLines } from './format.mjs';
import { tableCells } from './table.mjs';

/** The report of a run, to be read by people. */
export function markdown({ facts, rounds, scale, notes, results }) {
  return [
    `# Benchmark of ${facts.date.slice(0, 10)}`,
    machine(facts, rounds, scale),
    ...notes.map((note) => `${note}.`),
    overview(results),
    ...results.map(section),
    '## How the peers are set',
    facts.peers
      .map(({ title, versions, settings }) => `- **${title}** (${versions.join(', ')}): ${settings}`)
      .join('\n'),
    'What the cases mean and how to read them: [docs/benchmarks.md](../../docs/benchmarks.md).',
  ]
    .filter(Boolean)
    .join('\n\n')
    .concat('\n');
}

function machine(facts, rounds, scale) {
  const of = scale === 1 ? '' : `, ${scale} times the usual number of jobs`;
  return table(
    ['', ''],
    [
      ['machine', `${facts.cpu}, ${facts.cores} cores, ${facts.memoryGb} GB`],
      ['system', `${facts.system}, Node ${facts.node.slice(1)}`],
      ['stores', facts.stores.join('; ')],
      ['commit', facts.commit],
      ['run', `${facts.date}, at most ${rounds} ${rounds === 1 ? 'round' : 'rounds'} of a case${of}`],
      ['load before', `${facts.load}: processes of others that wanted a core`],
    ],
  );
}

/** The targets of all cases at a glance. */
function overview(results) {
  const rows = results.flatMap(({ entry, verdicts }) =>
    verdicts.map(({ text, reached }) => [entry.title, text, reached ? 'reached' : '**not reached**']),
  );
  return rows.length === 0 ? '' : `## Drover’s targets\n\n${table(['case', 'result', ''], rows)}`;
}

function section(result) {
  const { head, body } = tableCells(result);
  const { entry, rounds, failures } = result;
  return [
    `## ${entry.title}`,
    `${entry.about ? `${entry.about} ` : ''}${rounds} ${rounds === 1 ? 'round' : 'rounds'}.`,
    body.length > 0 ? table(head, body) : '',
    verdictLines(result)
      .map((line) => `- ${line}`)
      .join('\n'),
    failures.map((failure) => `- **failed, not counted**: ${failure}`).join('\n'),
  ]
    .filter(Boolean)
    .join('\n\n');
}

function table(head, body) {
  const line = (cells) => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, place) => (place === 0 ? '---' : head.length > 3 ? '---:' : '---'));
  return [line(head), line(rule), ...body.map(line)].join('\n');
}
