import { Readable } from 'node:stream';
import type { Artifact, ArtifactContent } from '#libs/artifacts';
import { JobHandler, type JobContext } from '../../framework/index.js';
import { BrowserPool } from '../support/browser/index.js';
import { csvOf } from './csv.js';
import { ReportTooLargeError } from './errors.js';
import { reportExamples } from './examples.js';
import { htmlOf } from './html.js';
import {
  REPORT_LIMITS,
  reportPayload,
  reportResult,
  type ReportPayload,
  type ReportResult,
} from './payload.js';
import { pdfOf } from './pdf.js';
import { GivenRows } from './rows/given-rows.js';
import { HistoryRows } from './rows/history-rows.js';
import type { Row } from './rows/row-source.js';

/** Makes a table of rows into CSV, HTML and PDF files. */
@JobHandler({
  type: 'report.generate',
  name: 'Generate a report',
  description: 'Makes a table of rows, with totals and a chart, into CSV, HTML and PDF files.',
  payload: reportPayload,
  result: reportResult,
  examples: reportExamples,
})
export class ReportGenerateHandler implements JobHandler<ReportPayload, ReportResult> {
  constructor(
    private readonly pool: BrowserPool,
    private readonly given: GivenRows,
    private readonly history: HistoryRows,
  ) {}

  async run(payload: ReportPayload, context: JobContext): Promise<ReportResult> {
    const { signal, log, progress } = context;
    const rows = await this.rowsOf(payload, signal);
    const total = payload.formats.length;
    const artifacts: Artifact[] = [];
    for (const [at, format] of payload.formats.entries()) {
      await progress({ current: at, total, message: format });
      const content = await this.contentOf(format, payload, rows, signal);
      const artifact = await context.artifacts.put(`${payload.fileName}.${format}`, content);
      signal.throwIfAborted();
      artifacts.push(artifact);
      await log(`${artifact.name}: ${rows.length} rows, ${artifact.size} bytes`);
    }
    await progress({ current: total, total });
    return {
      rows: rows.length,
      artifacts: artifacts.map(({ name, contentType, size }) => ({ name, contentType, size })),
    };
  }

  /** Every format needs the rows, and a source may give them only once. */
  private async rowsOf(payload: ReportPayload, signal: AbortSignal): Promise<Row[]> {
    const rows: Row[] = [];
    const most = payload.formats.includes('pdf') ? REPORT_LIMITS.pdfRows : REPORT_LIMITS.rows;
    for await (const row of this.open(payload, signal)) {
      signal.throwIfAborted();
      if (rows.length >= most)
        throw new ReportTooLargeError(
          `a report may have ${most} rows${most < REPORT_LIMITS.rows ? ' as PDF' : ''}`,
        );
      rows.push(row);
    }
    return rows;
  }

  private open({ source, columns }: ReportPayload, signal: AbortSignal): AsyncIterable<Row> {
    if (source.kind === 'rows') return this.given.open({ source, columns, signal });
    return this.history.open({ source, columns, signal });
  }

  private async contentOf(
    format: ReportPayload['formats'][number],
    payload: ReportPayload,
    rows: readonly Row[],
    signal: AbortSignal,
  ): Promise<ArtifactContent> {
    if (format === 'csv') return Readable.from(bounded(csvOf(payload, rows, signal), signal));
    const html = bounded(htmlOf(payload, rows), signal);
    if (format === 'html') return Readable.from(html);
    let page = '';
    for await (const part of html) page += part.toString();
    return pdfOf(this.pool, page, signal);
  }
}

/** Lets parts pass up to the limit of bytes; between them others have their turn, and the signal is obeyed. */
async function* bounded(
  parts: Iterable<string> | AsyncIterable<Buffer>,
  signal: AbortSignal,
): AsyncIterable<Buffer> {
  const { bytes } = REPORT_LIMITS;
  let size = 0;
  let waiting: Buffer[] = [];
  for await (const part of parts) {
    signal.throwIfAborted();
    const buffer = Buffer.from(part as string);
    size += buffer.length;
    if (size > bytes) throw new ReportTooLargeError(`a file of a report may have ${bytes} bytes`);
    waiting.push(buffer);
    if (waiting.length < 500) continue;
    yield Buffer.concat(waiting);
    waiting = [];
    await new Promise(setImmediate);
  }
  yield Buffer.concat(waiting);
}
