import { JobEncoder } from '../src/backend/job-arguments.js';
import type { NewJob } from '../src/backend/new-job.js';
import { resolveStoreOptions } from '../src/backend/store-options.js';

const backoff = { type: 'fixed', delay: 5 };
const job = (opts: object, rest: Partial<NewJob> = {}): NewJob => ({
  name: 't',
  data: '{}',
  opts,
  timestamp: 1000,
  priority: 1,
  ...rest,
});

/** Rows in which every job differs a little from the one before, and some do not. */
const ROWS: [string, NewJob[]][] = [
  [
    'equal values',
    [job({ attempts: 3, backoff }), job({ attempts: 3, backoff }), job({ attempts: 3, backoff })],
  ],
  ['one value', [job({ attempts: 3 }), job({ attempts: 3 }), job({ attempts: 4 }), job({ attempts: 3 })]],
  ['one more value', [job({ a: 1 }), job({ a: 1, b: 2 }), job({ a: 1 }), job({})]],
  [
    'names',
    [job({ a: 1, b: undefined }), job({ a: 1, c: undefined }), job({ b: 1 }), job({ a: undefined, b: 1 })],
  ],
  [
    'what would be undefined',
    [job({ c: 2, b: 1 }), job({ b: 1, d: undefined }), job({ c: 2, d: undefined })],
  ],
  [
    'what is within a value',
    [job({ backoff }), job({ backoff: { ...backoff, delay: 6 } }), job({ backoff })],
  ],
];

describe('the options of jobs that are added together', () => {
  it.each(ROWS)('are those of each, when they differ in %s', (_, jobs) => {
    const encoder = new JobEncoder(resolveStoreOptions());
    const told = jobs.map((one) => JSON.parse(encoder.encode(one).kind.opts) as object);
    expect(told).toEqual(jobs.map(({ opts }) => JSON.parse(JSON.stringify(opts)) as object));
  });
});

describe('what else jobs that are added together are', () => {
  const options = resolveStoreOptions();
  const same = { attempts: 1 };

  it.each<[keyof NewJob, Partial<NewJob>, object]>([
    ['name', { name: 'other' }, { name: 'other' }],
    ['timestamp', { timestamp: 2000 }, { timestamp: 2000 }],
    ['delay', { delay: 7 }, { delay: 7 }],
    ['priority', { priority: 2 }, { priority: 2 }],
    ['lifo', { lifo: true }, { lifo: true }],
    ['onExisting', { onExisting: 'reject' }, { onExisting: 'reject' }],
    ['document', { document: '{"a":1}' }, { hasDocument: true }],
    ['extras', { extras: { repeatJobKey: 'r' } }, { extras: '{"repeatJobKey":"r"}' }],
  ])('is that of each: %s', (_, different, expected) => {
    const encoder = new JobEncoder(options);
    const [before, between, after] = [{}, different, {}].map((rest) => encoder.encode(job(same, rest)).kind);
    expect(between).toMatchObject(expected);
    expect(between).not.toEqual(before);
    expect(after).toEqual(before);
  });

  it.each<[string, Partial<NewJob>, string]>([
    ['a job without a name, after one with a document', { name: '' }, 'INVALID_OPTION'],
    ['a time', { timestamp: Number.NaN }, 'INVALID_OPTION'],
    ['a delay', { delay: -1 }, 'DELAY_OUT_OF_RANGE'],
    ['a priority', { priority: 1.5 }, 'INVALID_PRIORITY'],
    ['a payload', { data: 'x'.repeat(options.maxDocumentBytes + 1) }, 'PAYLOAD_TOO_LARGE'],
    ['an id', { id: 'a\nb' }, 'INVALID_JOB_ID'],
  ])('is checked for each: %s', (_, wrong, code) => {
    const encoder = new JobEncoder(options);
    encoder.encode(job(same));
    encoder.encode(job(same, { name: '', document: '{}' }));
    expect(() => encoder.encode(job(same, wrong))).toThrow(expect.objectContaining({ code }) as Error);
  });
});
