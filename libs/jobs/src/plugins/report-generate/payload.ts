import { countHistorySchema, duration } from '#libs/contracts';
import { z } from 'zod';

/** Rows and cells a report may have; a PDF, which a browser lays out in memory, has fewer. */
export const REPORT_LIMITS = {
  rows: 100_000,
  columns: 50,
  pdfRows: 5_000,
  bytes: 48 * 1024 * 1024,
  chartPoints: 60,
} as const;

const cell = z.union([z.string().max(20_000), z.number(), z.boolean(), z.null()]);
export type Cell = z.output<typeof cell>;

/** A column's key: the field of each row's object; of rows from the history a path such as `payload.user.id`. */
const key = z.string().min(1).max(200);

const column = z.strictObject({
  key,
  /** Default: the key. */
  title: z.string().min(1).max(200).optional(),
  /** How values are shown. `percent` takes 0.25 as 25 %, `date` takes ISO 8601 or Unix ms, `bytes` a number of bytes. */
  format: z.enum(['text', 'number', 'date', 'percent', 'bytes']).default('text'),
  /** Default: right for numbers, percent and bytes, left for the rest. */
  align: z.enum(['left', 'right', 'center']).optional(),
  /** What is shown of the column in the line of totals, and of each group. */
  total: z.enum(['sum', 'average', 'min', 'max', 'count']).optional(),
});
export type Column = z.output<typeof column>;

const rows = z.strictObject({
  kind: z.literal('rows'),
  /** Objects by column key, or lists of cells in the order of the columns. */
  rows: z.array(z.union([z.record(z.string(), cell), z.array(cell)])).max(REPORT_LIMITS.rows),
});

const TEN_YEARS_MS = 10 * 365 * 86_400_000;
const within = duration(1, TEN_YEARS_MS).optional();

const history = z.strictObject({
  kind: z.literal('history'),
  /** Which jobs: the filter of `GET /api/history`. */
  filter: countHistorySchema.prefault({}),
  /** Those created, or finished, so long ago at most: for reports on a schedule. Milliseconds, or a text such as "24h". */
  createdWithin: within,
  finishedWithin: within,
  /** Most jobs; the newest are taken. */
  limit: z.number().int().min(1).max(REPORT_LIMITS.rows).default(1000),
});

const chart = z.strictObject({
  kind: z.enum(['bar', 'line']),
  /** Column of the names under the chart. */
  x: key,
  /** Columns that are drawn. */
  y: z.array(key).min(1).max(6),
  title: z.string().max(200).optional(),
});

/** What a producer gives. */
export const reportPayload = z
  .strictObject({
    title: z.string().min(1).max(200),
    description: z.string().max(2000).optional(),
    /** Where the rows come from. */
    source: z.discriminatedUnion('kind', [rows, history]),
    columns: z.array(column).min(1).max(REPORT_LIMITS.columns),
    /** Column by whose values the rows are put together, in the order in which the values first appear. */
    groupBy: key.optional(),
    chart: chart.optional(),
    formats: z
      .array(z.enum(['csv', 'html', 'pdf']))
      .min(1)
      .max(3)
      .default(['csv', 'html']),
    /** Name of the artifacts, without ending. */
    fileName: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be 1 to 100 letters, digits, _ or -')
      .default('report'),
    /** True: the CSV starts with a byte order mark, without which Excel takes it for another encoding. */
    csvBom: z.boolean().default(false),
    /** Language of numbers and dates. */
    locale: z
      .string()
      .regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/)
      .default('en-US'),
    timeZone: z.string().refine(isTimeZone, 'must be a time zone such as Europe/Berlin').default('UTC'),
  })
  .superRefine(({ columns, groupBy, chart, formats }, context) => {
    const keys = columns.map((one) => one.key);
    const issue = (path: (string | number)[], message: string) =>
      context.addIssue({ code: 'custom', path, message });
    keys.forEach(
      (one, at) => keys.indexOf(one) !== at && issue(['columns', at, 'key'], `"${one}" is there twice`),
    );
    if (groupBy !== undefined && !keys.includes(groupBy)) issue(['groupBy'], `"${groupBy}" is no column`);
    for (const one of chart ? [chart.x, ...chart.y] : [])
      if (!keys.includes(one)) issue(['chart'], `"${one}" is no column`);
    if (new Set(formats).size !== formats.length) issue(['formats'], 'has one twice');
  });

export type ReportPayload = z.output<typeof reportPayload>;

const artifact = z.strictObject({ name: z.string(), contentType: z.string(), size: z.number() });

/** What a job comes to. */
export const reportResult = z.strictObject({
  rows: z.number(),
  artifacts: z.array(artifact),
});

export type ReportResult = z.output<typeof reportResult>;

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
