import { Inject, Injectable } from '@nestjs/common';
import { HistoryNotSetError, HistoryRefusedError, HistoryUnavailableError } from '../errors.js';
import type { Cell } from '../payload.js';
import { REPORT_SETTINGS, type ReportSettings } from '../settings.js';
import { parseExactly } from './exact-json.js';
import { linesOf } from './lines.js';
import type { Row, RowRequest, RowSource, SourceOf } from './row-source.js';

/** Payload and result of a job are kept up to 256 KiB each, its stack beside. */
const LINE_CHARACTERS = 2 * 1024 * 1024;
/** Characters of a refusal that are repeated. */
const DETAIL = 300;
/** Statuses that another attempt may change. */
const PASSING = new Set([408, 425, 429]);

/**
 * Rows from the history of jobs: one for each that fits the filter, the newest first. They are asked of the API
 * (`GET /api/history/export`), for only it has the history's database.
 */
@Injectable()
export class HistoryRows implements RowSource<'history'> {
  readonly kind = 'history';

  constructor(@Inject(REPORT_SETTINGS) private readonly settings: ReportSettings) {}

  /**
   * @throws {HistoryNotSetError} where the API's address or key is not set.
   * @throws {HistoryRefusedError} when the API refuses the key or the filter; final.
   * @throws {HistoryUnavailableError} when it cannot be reached or breaks off; worth another attempt.
   */
  async *open({ source, columns, signal }: RowRequest<'history'>): AsyncIterable<Row> {
    const paths = columns.map(({ key }) => key.split('.'));
    let left = source.limit;
    for await (const line of this.lines(source, signal)) {
      if (left-- <= 0) return;
      const job = parseExactly(line);
      yield paths.map((path) => toCell(valueAt(job, path)));
    }
  }

  private async *lines(source: SourceOf<'history'>, signal: AbortSignal): AsyncGenerator<string> {
    const stop = new AbortController();
    const body = await this.ask(addressOf(this.settings, source), AbortSignal.any([signal, stop.signal]));
    try {
      yield* linesOf(body, LINE_CHARACTERS);
    } catch (error) {
      signal.throwIfAborted();
      throw new HistoryUnavailableError(`the API broke off: ${(error as Error).message}`, { cause: error });
    } finally {
      // Whoever has enough rows lets go of the rest.
      stop.abort();
    }
  }

  private async ask(url: URL, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>> {
    const headers = { authorization: `Bearer ${this.settings.DROVER_API_KEY ?? ''}` };
    const response = await fetch(url, { headers, signal, redirect: 'error' }).catch((error: Error) => {
      signal.throwIfAborted();
      // Never the address: it is an error that users of the API see.
      throw new HistoryUnavailableError('the API cannot be reached', { cause: error });
    });
    if (response.ok && response.body) return response.body as AsyncIterable<Uint8Array>;
    const detail = `the API answered ${response.status}: ${(await detailOf(response)).slice(0, DETAIL)}`;
    if (response.status >= 500 || PASSING.has(response.status)) throw new HistoryUnavailableError(detail);
    throw new HistoryRefusedError(detail);
  }
}

/** @throws {HistoryNotSetError} */
function addressOf({ DROVER_API_URL, DROVER_API_KEY }: ReportSettings, source: SourceOf<'history'>): URL {
  if (!DROVER_API_URL || !DROVER_API_KEY) throw new HistoryNotSetError();
  const url = new URL(
    'api/history/export',
    DROVER_API_URL.endsWith('/') ? DROVER_API_URL : `${DROVER_API_URL}/`,
  );
  const { filter, createdWithin, finishedWithin } = source;
  const given = {
    format: 'ndjson',
    ...filter,
    ...(createdWithin !== undefined && { createdFrom: before(createdWithin) }),
    ...(finishedWithin !== undefined && { finishedFrom: before(finishedWithin) }),
  };
  for (const [name, value] of Object.entries(given))
    if (value !== undefined) url.searchParams.set(name, value);
  return url;
}

const before = (ms: number) => new Date(Date.now() - ms).toISOString();

async function detailOf(response: Response): Promise<string> {
  const problem = (await response.json().catch(() => undefined)) as { detail?: unknown } | undefined;
  return typeof problem?.detail === 'string' ? problem.detail : 'no problem document';
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

/** What is no cell is shown as JSON. */
function toCell(value: unknown): Cell {
  if (value === undefined || value === null) return null;
  return typeof value === 'object' ? JSON.stringify(value) : (value as Cell);
}
