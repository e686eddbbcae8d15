import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { JobFilter, JobPlace } from '#libs/queue';
import { fromCursor, toCursor } from '../http/cursor.js';

const SCORE = /^(-?inf|-?\d{1,20}(\.\d{1,20})?(e[+-]?\d{1,3})?)?$/;

/** Cursors of one list of jobs: those of another list, or of another filter, are refused. */
export class JobCursors {
  private readonly schema: z.ZodType<{ of: string } & JobPlace>;
  private readonly print: string;

  /** @param list what tells this list from others, beside the filter. */
  constructor(list: string, filter: JobFilter, queue: string | undefined) {
    const named = Object.entries(filter)
      .filter(([, value]) => value !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1));
    const text = JSON.stringify([list, queue ?? '', named]);
    this.print = createHash('sha256').update(text).digest('base64url').slice(0, 12);
    this.schema = z.strictObject({
      of: z.literal(this.print),
      list: z.number().int().min(0).max(9),
      score: z.string().regex(SCORE),
      id: z.string().max(1000),
    });
  }

  write(place: JobPlace): string {
    return toCursor({ of: this.print, ...place });
  }

  /** @throws {InvalidRequestError} for a text that is no cursor of this list. */
  read(cursor: string | undefined): JobPlace | undefined {
    const read = fromCursor(this.schema, cursor);
    return read && { list: read.list, score: read.score, id: read.id };
  }
}
