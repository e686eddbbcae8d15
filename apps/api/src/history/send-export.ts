import { once } from 'node:events';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { stringify } from 'csv-stringify';
import type { Response } from 'express';
import type { HistoryItem } from '#libs/contracts';
import { exportRows, type Filter, type HistoryReader, type RawItem } from '#libs/history';

/** Columns of the CSV, in their order. */
const COLUMNS = [
  ...['queue', 'id', 'type', 'status', 'priorityName', 'createdAt', 'startedAt', 'finishedAt', 'removedAt'],
  ...['queueMs', 'runMs', 'attemptsMade', 'attemptsMax', 'errorCode', 'error', 'creator', 'batch', 'tags'],
  ...['worker', 'language', 'payload', 'result'],
] as const;

/**
 * Streams jobs as a file. A problem before the first row is thrown; one later ends the connection, so that nobody takes a
 * part for the whole.
 */
export async function sendExport(
  response: Response,
  reader: HistoryReader,
  filter: Filter,
  format: 'csv' | 'ndjson',
): Promise<void> {
  const all = exportRows(reader, filter);
  const first = await all.next();
  const type =
    format === 'csv' ? 'text/csv; charset=utf-8; header=present' : 'application/x-ndjson; charset=utf-8';
  response.setHeader('Content-Type', type);
  response.setHeader('Content-Disposition', `attachment; filename="history.${format}"`);
  const rows = Readable.from(format === 'csv' ? records(first, all) : lines(first, all), {
    objectMode: true,
    highWaterMark: 1,
  });
  try {
    if (format === 'ndjson') await pipeline(rows, response);
    else await pipeline(rows, csv(), response);
  } catch (error) {
    // The client left, or the database did: the connection is ended already.
    if (!response.destroyed) response.destroy(error as Error);
    if (!response.closed) await once(response, 'close');
  }
}

type Step = IteratorResult<RawItem[], unknown>;

async function* steps(first: Step, rest: AsyncIterable<RawItem[]>): AsyncGenerator<RawItem[]> {
  if (first.done) return;
  yield first.value;
  yield* rest;
}

async function* lines(first: Step, rest: AsyncIterable<RawItem[]>): AsyncGenerator<string> {
  for await (const items of steps(first, rest)) yield items.map(lineOf).join('');
}

function lineOf({ item, payload, result }: RawItem): string {
  const more = (name: string, text: string | null) => (text === null ? '' : `, "${name}": ${text}`);
  return `${item.slice(0, -1)}${more('payload', payload)}${more('result', result)}}\n`;
}

async function* records(
  first: Step,
  rest: AsyncIterable<RawItem[]>,
): AsyncGenerator<Record<string, unknown>> {
  for await (const items of steps(first, rest)) yield* items.map(recordOf);
}

/** Cells that a spreadsheet would take for a formula begin with an apostrophe. */
const csv = () => stringify({ header: true, columns: [...COLUMNS], escape_formulas: true });

function recordOf({ item, payload, result }: RawItem): Record<string, unknown> {
  const { attempts, tags, ...rest } = JSON.parse(item) as HistoryItem;
  return {
    ...rest,
    attemptsMade: attempts.made,
    attemptsMax: attempts.max,
    tags: tags?.join(' '),
    payload,
    result,
  };
}
