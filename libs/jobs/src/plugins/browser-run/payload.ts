import { duration } from '#libs/contracts';
import { z } from 'zod';
import { isHostPattern } from '../support/host-pattern.js';
import { stepSchema } from './steps/schema.js';

const MAX_STEPS = 200;
const MAX_HEADERS = 50;
/** Chromium composes headers of connections by itself; and a payload is no place for secrets of others. */
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/;
/** What a header may hold: no line ends, by which another would begin. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]{0,4096}$/;

const side = z.number().int().min(1).max(4096);

/** What a producer gives. */
export const browserRunPayload = z
  .strictObject({
    steps: z.array(stepSchema).min(1).max(MAX_STEPS),
    /** Hosts the page may reach, of those the worker allows: `example.org`, `*.example.org`, `example.org:8443`. Default: all of them. */
    allowedHosts: z
      .array(z.string().max(300).refine(isHostPattern, 'must be a host, *.host or address'))
      .max(100)
      .default([]),
    viewport: z.strictObject({ width: side, height: side }).default({ width: 1280, height: 800 }),
    /** Language of the page, such as `de-DE`. Default: `en-US`. */
    locale: z
      .string()
      .regex(/^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*$/, 'must be a language such as en-US')
      .default('en-US'),
    /** IANA time zone. Default: `UTC`. */
    timeZone: z.string().refine(isTimeZone, 'must be a time zone such as Europe/Berlin').default('UTC'),
    userAgent: z.string().regex(HEADER_VALUE).min(1).max(1000).optional(),
    /** Headers that go with every request of the page, to whatever host. */
    headers: z
      .record(z.string().regex(HEADER_NAME), z.string().regex(HEADER_VALUE))
      .refine((headers) => Object.keys(headers).length <= MAX_HEADERS, `must be at most ${MAX_HEADERS}`)
      .default({}),
    /** Longest time for a step that does not say. Default: 30 s. */
    stepTimeout: duration(1, 600_000).default(30_000),
    /** True: keeps a Playwright trace as `trace.zip`, to be opened with `npx playwright show-trace`. It holds what was filled in. */
    trace: z.boolean().default(false),
  })
  .superRefine(({ steps }, context) => {
    for (const [path, names] of [
      ['as', steps.map((step) => (step.kind === 'extract' ? step.as : undefined))],
      ['name', steps.map((step) => (step.kind === 'screenshot' ? step.name : undefined))],
    ] as const) {
      names.forEach((name, at) => {
        if (name !== undefined && names.indexOf(name) !== at)
          context.addIssue({
            code: 'custom',
            path: ['steps', at, path],
            message: `"${name}" is there twice`,
          });
      });
    }
  });

export type BrowserRunPayload = z.output<typeof browserRunPayload>;

/** What a job comes to. */
export const browserRunResult = z.strictObject({
  /** Where the page was at the end. */
  url: z.string(),
  title: z.string(),
  /** What the extract steps took, by their field: a text (null for a missing attribute), or a list of them. */
  data: z.record(z.string(), z.union([z.string().nullable(), z.array(z.string().nullable())])),
  /** Names of the job's files. */
  artifacts: z.array(z.string()),
  /** Hosts that parts of the page were refused. */
  refusedHosts: z.array(z.string()),
  /** Time of each step, in ms. */
  durations: z.array(z.number()),
});

export type BrowserRunResult = z.output<typeof browserRunResult>;

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
