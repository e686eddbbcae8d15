import { figure, verdictLines } from './format.mjs';
import { ratio } from './targets.mjs';

/** Head and body of a case's table, as texts. */
export function tableCells({ entry, rows }) {
  const [main, ...more] = entry.columns;
  const head = ['', 'jobs', main.title, 'spread', 'ratio to BullMQ', ...more.map(({ title }) => title)];
  const body = rows.map((row) => {
    const { median, min, max } = row.figures[main.key];
    const toBaseline = ratio(rows, row, main.key);
    return [
      row.peer.title,
      row.jobs.toLocaleString('en-GB'),
      figure(median),
      `${figure(min)} – ${figure(max)}`,
      toBaseline === undefined ? '' : toBaseline.toFixed(2),
      ...more.map(({ key }) => figure(row.figures[key].median)),
    ];
  });
  return { head, body };
}

/** A case as text for the terminal. */
export function textTable(result) {
  const { head, body } = tableCells(result);
  const widths = head.map((_, column) => Math.max(...[head, ...body].map((cells) => cells[column].length)));
  const line = (cells) =>
    cells
      .map((cell, place) => (place === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[place])))
      .join('  ');
  const heading = `${result.entry.title} (${result.rounds} ${result.rounds === 1 ? 'round' : 'rounds'})`;
  return [heading, line(head), ...body.map(line), ...verdictLines(result)].join('\n');
}
