import type { Formatter } from './format.js';
import { escapeMarkup } from './markup.js';
import { REPORT_LIMITS, type Column, type ReportPayload } from './payload.js';
import type { Row } from './rows/row-source.js';

const WIDTH = 720;
const HEIGHT = 300;
const LEFT = 70;
const BOTTOM = 60;
const TOP = 12;
const TICKS = 4;

interface Series {
  readonly name: string;
  readonly column: Column;
  readonly values: readonly (number | null)[];
}

/** What a chart shows: names below, numbers above, and the scale. */
interface Plot {
  readonly names: readonly string[];
  readonly series: readonly Series[];
  /** Where the lines are, from the lowest to the highest. */
  readonly ticks: readonly number[];
  /** What the numbers are between, and zero. */
  readonly least: number;
  readonly most: number;
  /** Ends of the scale. */
  readonly low: number;
  readonly high: number;
}

/**
 * A chart as SVG without scripts; colours are the page's (`.s0` to `.s5`). It says in words what it shows, for those who do not
 * see it. Of more than 60 rows it shows the first 60, and says so.
 *
 * @returns nothing when no row has a number to draw.
 */
export function chartOf(payload: ReportPayload, rows: readonly Row[], formatter: Formatter): string {
  const { chart } = payload;
  const plot = chart && plotOf(payload, rows, formatter);
  if (!chart || !plot) return '';
  const names = plot.series.map(({ name }) => name).join(', ');
  const part =
    rows.length > plot.names.length ? `, the first ${plot.names.length} of ${rows.length} rows` : '';
  const title = escapeMarkup(chart.title ?? `${names} (${chart.kind} chart${part})`);
  const description = escapeMarkup(
    `${names} for ${plot.names.length} rows, from ${plot.least} to ${plot.most}${part}.`,
  );
  return [
    `<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-labelledby="chart-title chart-text">`,
    `<title id="chart-title">${title}</title><desc id="chart-text">${description}</desc>`,
    axes(plot, formatter),
    ...plot.series.map((series, at) => (chart.kind === 'bar' ? bars : line)(plot, series, at)),
    `</svg><figcaption>${title}${legend(plot.series)}</figcaption></figure>`,
  ].join('\n');
}

function plotOf(
  { chart, columns }: ReportPayload,
  rows: readonly Row[],
  formatter: Formatter,
): Plot | undefined {
  if (!chart) return undefined;
  const shown = rows.slice(0, REPORT_LIMITS.chartPoints);
  const place = (key: string) => columns.findIndex((column) => column.key === key);
  const x = place(chart.x);
  const series = chart.y.map(place).flatMap((at) => {
    const column = columns[at];
    if (!column) return [];
    const values = shown.map((row) => (typeof row[at] === 'number' ? row[at] : null));
    return [{ name: column.title ?? column.key, column, values }];
  });
  const numbers = series.flatMap(({ values }) => values.filter((value) => value !== null));
  if (numbers.length === 0) return undefined;
  const names = shown.map((row) => formatter.show(row[x] ?? null, columns[x]?.format ?? 'text'));
  const low = Math.min(0, ...numbers);
  const high = Math.max(0, ...numbers);
  const ticks = ticksBetween(low, high === low ? low + 1 : high, series[0]?.column.format === 'bytes');
  return { names, series, ticks, least: low, most: high, low: ticks[0] ?? low, high: ticks.at(-1) ?? high };
}

/** Round numbers from below `low` to above `high`: multiples of 1, 2, 2.5 or 5, of bytes of powers of 2. */
function ticksBetween(low: number, high: number, areBytes: boolean): number[] {
  const rough = (high - low) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = areBytes
    ? 2 ** Math.ceil(Math.log2(rough))
    : ([1, 2, 2.5, 5, 10].find((times) => times * power >= rough) ?? 10) * power;
  const first = Math.floor(low / step);
  const count = Math.ceil(high / step) - first + 1;
  // Multiplied, not added up: 0.1 + 0.2 is no round number.
  return Array.from({ length: Math.min(count, 2 * TICKS + 2) }, (_, at) =>
    Number(((first + at) * step).toPrecision(12)),
  );
}

const yOf = ({ low, high }: Plot, value: number): number =>
  round(TOP + ((high - value) / (high - low)) * (HEIGHT - TOP - BOTTOM));
const slotOf = ({ names }: Plot): number => (WIDTH - LEFT) / names.length;
const round = (value: number): number => Math.round(value * 10) / 10;

function axes(plot: Plot, formatter: Formatter): string {
  const format = plot.series[0]?.column.format ?? 'number';
  const lines = plot.ticks.map((value) => {
    const y = yOf(plot, value);
    const text = escapeMarkup(formatter.brief(value, format));
    return `<line class="grid" x1="${LEFT}" x2="${WIDTH}" y1="${y}" y2="${y}"/><text class="tick" x="${LEFT - 6}" y="${y + 4}" text-anchor="end">${text}</text>`;
  });
  const slot = slotOf(plot);
  // As many names as there is room for.
  const every = Math.ceil(plot.names.length / 12);
  const names = plot.names.flatMap((name, at) => {
    if (at % every !== 0) return [];
    const x = round(LEFT + slot * (at + 0.5));
    const short = name.length > 14 ? `${name.slice(0, 13)}…` : name;
    return `<text class="tick" x="${x}" y="${HEIGHT - BOTTOM + 16}" text-anchor="end" transform="rotate(-30 ${x} ${HEIGHT - BOTTOM + 16})">${escapeMarkup(short)}</text>`;
  });
  return [...lines, ...names].join('\n');
}

function bars(plot: Plot, { values }: Series, at: number): string {
  const slot = slotOf(plot);
  const width = (slot * 0.8) / plot.series.length;
  const zero = yOf(plot, 0);
  const drawn = values.map((value, place) => {
    if (value === null) return '';
    const y = yOf(plot, value);
    const x = round(LEFT + slot * (place + 0.1) + width * at);
    return `<rect x="${x}" y="${Math.min(y, zero)}" width="${round(width)}" height="${round(Math.abs(y - zero))}"/>`;
  });
  return `<g class="s${at}">${drawn.join('')}</g>`;
}

/** A row without a number interrupts the line. */
function line(plot: Plot, { values }: Series, at: number): string {
  const slot = slotOf(plot);
  let isDown = false;
  const path = values.map((value, place) => {
    const command =
      value === null ? '' : `${isDown ? 'L' : 'M'}${round(LEFT + slot * (place + 0.5))} ${yOf(plot, value)}`;
    isDown = value !== null;
    return command;
  });
  const points = values.map((value, place) =>
    value === null
      ? ''
      : `<circle cx="${round(LEFT + slot * (place + 0.5))}" cy="${yOf(plot, value)}" r="2.5"/>`,
  );
  return `<g class="s${at}"><path class="line" d="${path.join('')}"/>${points.join('')}</g>`;
}

function legend(series: readonly Series[]): string {
  if (series.length < 2) return '';
  const entries = series.map(
    ({ name }, at) =>
      `<span class="key"><svg class="swatch" viewBox="0 0 10 10" aria-hidden="true"><g class="s${at}"><rect width="10" height="10"/></g></svg>${escapeMarkup(name)}</span>`,
  );
  return ` ${entries.join(' ')}`;
}
