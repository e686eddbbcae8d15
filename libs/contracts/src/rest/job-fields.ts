import { z } from 'zod';
import { PRIORITIES, type PriorityName } from '../priority.js';
import { isDeeperThan } from './depth.js';
import { REST_LIMITS } from './limits.js';
import { printableText } from './text.js';

/** What a handler gets: any JSON that is not too deep. */
export const payload = z
  .unknown()
  .refine(
    (value) => !isDeeperThan(value, REST_LIMITS.payloadDepth),
    `must not be nested deeper than ${REST_LIMITS.payloadDepth} levels`,
  );

const names = Object.keys(PRIORITIES) as [PriorityName, ...PriorityName[]];

export const priorityName = z.enum(names);

const NEITHER = 'must be low, normal, high or a whole number';

/** A priority by its name or its number. */
export const priority = z.union(
  [priorityName, z.number().int().min(-REST_LIMITS.priority).max(REST_LIMITS.priority)],
  NEITHER,
);

/** The same in a query, where all is text. */
export const priorityParameter = z.union(
  [
    priorityName,
    z
      .string()
      .regex(/^-?\d{1,7}$/)
      .transform(Number)
      .pipe(z.number().int()),
  ],
  NEITHER,
);

/** One tag: no commas, so that lists of tags can be written in one line. */
export const tag = printableText(REST_LIMITS.tagLength).refine(
  (text) => !text.includes(',') && text.trim() === text,
  'must not contain commas, nor begin or end with a space',
);

export const tags = z
  .array(tag)
  .max(REST_LIMITS.tags)
  .refine((all) => new Set(all).size === all.length, 'must not name a tag twice')
  .meta({
    description: 'Words to find the job by: up to 20 of up to 50 characters.',
    example: ['invoice', 'eu'],
  });

/** Id in a body that names jobs there are: one that a legacy service chose may be odd. */
export const knownId = z.string().min(1).max(1000);
