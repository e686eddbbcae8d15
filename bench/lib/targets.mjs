import { BASELINE } from '../peers/index.mjs';

const OURS = 'drover';

/** How many times the baseline's median a row's median is. */
export function ratio(rows, row, key) {
  const baseline = rows.find(({ peer }) => peer.name === BASELINE);
  return baseline && row.figures[key].median / baseline.figures[key].median;
}

/**
 * What the targets of a case say of Drover's row. A target has
 * - `atLeast` or `atMost`: its ratio to BullMQ in the first column, or (`key`) the figure of that column itself;
 * - `aim`: what would be even better;
 * - `aheadOfAll`, or `ahead`: the peers it must be ahead of.
 *
 * @returns `[{ text, reached }]`; nothing where a row that is needed is missing
 */
export function verdicts({ columns, target }, rows) {
  const ours = rows.find(({ peer }) => peer.name === OURS);
  if (!target || !ours) return [];
  const main = columns[0];
  return [...bound(target, rows, ours, main), ...rivals(target, rows, ours, main)];
}

function bound(target, rows, ours, main) {
  const value = target.key ? ours.figures[target.key].median : ratio(rows, ours, main.key);
  if (value === undefined || !Number.isFinite(value)) return [];
  const { atLeast, atMost, aim } = target;
  const what = target.what ?? 'ratio to BullMQ';
  const said = `${what} ${value.toFixed(2)}`;
  const aimed = aim ? ` (aim ${aim})` : '';
  if (atLeast) return [{ text: `${said}, target at least ${atLeast}${aimed}`, reached: value >= atLeast }];
  if (atMost) return [{ text: `${said}, target at most ${atMost}`, reached: value <= atMost }];
  return [];
}

function rivals({ aheadOfAll, ahead = [] }, rows, ours, main) {
  const others = rows.filter(({ peer }) => peer !== ours.peer && (aheadOfAll || ahead.includes(peer.name)));
  if (others.length === 0) return [];
  const isAhead = (row) =>
    (main.better === 'more' ? 1 : -1) * (ours.figures[main.key].median - row.figures[main.key].median) > 0;
  const before = others.filter((row) => !isAhead(row)).map(({ peer }) => peer.title);
  if (before.length > 0) return [{ text: `behind ${before.join(', ')}`, reached: false }];
  const names = aheadOfAll ? 'every other peer' : others.map(({ peer }) => peer.title).join(', ');
  return [{ text: `ahead of ${names}`, reached: true }];
}
