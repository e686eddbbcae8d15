import type { Cell, Column, ReportPayload } from './payload.js';

const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];

/** Shows cells to people, in the language and time zone of a report. */
export class Formatter {
  private readonly numbers: Intl.NumberFormat;
  private readonly briefNumbers: Intl.NumberFormat;
  private readonly percents: Intl.NumberFormat;
  private readonly dates: Intl.DateTimeFormat;

  constructor({ locale, timeZone }: Pick<ReportPayload, 'locale' | 'timeZone'>) {
    this.numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
    this.briefNumbers = new Intl.NumberFormat(locale, { notation: 'compact', maximumFractionDigits: 2 });
    this.percents = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 1 });
    this.dates = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short', timeZone });
  }

  /** What does not fit its format is shown as it is. */
  show(value: Cell, format: Column['format']): string {
    if (value === null) return '';
    if (format === 'date') return this.date(value);
    if (typeof value !== 'number' || format === 'text') return String(value);
    if (format === 'percent') return this.percents.format(value);
    return format === 'bytes' ? this.bytes(value) : this.numbers.format(value);
  }

  /** A number in little room: `1.2M` for 1200000. */
  brief(value: number, format: Column['format']): string {
    if (format === 'percent' || format === 'bytes') return this.show(value, format);
    return this.briefNumbers.format(value);
  }

  private date(value: Exclude<Cell, null>): string {
    const at = new Date(typeof value === 'boolean' ? NaN : value);
    return Number.isNaN(at.getTime()) ? String(value) : this.dates.format(at);
  }

  private bytes(value: number): string {
    const power = Math.min(UNITS.length - 1, Math.max(0, Math.floor(Math.log2(Math.abs(value) || 1) / 10)));
    return `${this.numbers.format(value / 1024 ** power)} ${UNITS[power]}`;
  }
}

/** Longest text of a cell that is never broken: a number over three lines is no number any more. */
const MAX_WHOLE = 40;

/** Where a cell's text stands (texts: where their script begins), and whether it is kept in one line. */
export function classOf({ align, format }: Column, text: string): string {
  const place = align ?? (format === 'text' || format === 'date' ? 'start' : 'right');
  return format !== 'text' && text.length <= MAX_WHOLE ? `${place} whole` : place;
}
