import { Controller, Get, Header, Param, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { z } from 'zod';
import {
  countHistorySchema,
  exportHistorySchema,
  findHistorySchema,
  listHistorySchema,
  storableText,
  type ExportHistoryQuery,
  type FindHistoryQuery,
  type HistoryFilter,
  type ListHistoryQuery,
} from '#libs/contracts';
import { HistoryReader, type Filter, type Place } from '#libs/history';
import { JobNotFoundError } from '#libs/queue';
import { Access } from '../access/access.decorator.js';
import { CurrentCaller, type Caller } from '../access/caller.js';
import { fromCursor, toCursor } from '../http/cursor.js';
import { InvalidRequestError } from '../problems/api-errors.js';
import { QueueName } from '../redis/queue-name.js';
import { DocCount, DocExport, DocFind, DocSearch } from './history.docs.js';
import { sendExport } from './send-export.js';

const placeSchema: z.ZodType<Place> = z.tuple([
  z.number().int().min(0).max(253_402_300_799_999),
  storableText(1000),
  storableText(1000),
]);

/** A job's id as it may stand in a path: PostgreSQL takes no U+0000, and an index no longer ones. */
const idSchema = storableText(1000).min(1);

/**
 * REST of the history: every job there was, also those that Redis has forgotten. Answers are made as text by the database: numbers
 * that JavaScript cannot hold stay as they are.
 */
@ApiTags('history')
@Controller('history')
@Access('viewer', { forOwnJobs: true })
export class HistoryController {
  constructor(
    private readonly reader: HistoryReader,
    private readonly own: QueueName,
  ) {}

  @Get()
  @Header('Content-Type', 'application/json; charset=utf-8')
  @DocSearch()
  async search(
    @Query({ schema: listHistorySchema }) { cursor, limit, ...filter }: ListHistoryQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<string> {
    const after = fromCursor(placeSchema, cursor);
    const { items, next } = await this.reader.page(visible(filter, caller), limit, after);
    const rest = next ? `,"nextCursor":${JSON.stringify(toCursor(next))}` : '';
    return `{"items":[${items.map(({ item }) => item).join(',')}]${rest}}`;
  }

  @Get('count')
  @DocCount()
  async count(
    @Query({ schema: countHistorySchema }) filter: HistoryFilter,
    @CurrentCaller() caller: Caller,
  ): Promise<{ count: number }> {
    return { count: await this.reader.count(visible(filter, caller)) };
  }

  @Get('export')
  @DocExport()
  async export(
    @Query({ schema: exportHistorySchema }) { format, ...filter }: ExportHistoryQuery,
    @CurrentCaller() caller: Caller,
    @Res() response: Response,
  ): Promise<void> {
    await sendExport(response, this.reader, visible(filter, caller), format);
  }

  // Behind the others, which it would take for ids.
  @Get(':id')
  @Header('Content-Type', 'application/json; charset=utf-8')
  @DocFind()
  async find(
    @Param('id') id: string,
    @Query({ schema: findHistorySchema }) { queue = this.own.name }: FindHistoryQuery,
    @CurrentCaller() caller: Caller,
  ): Promise<string> {
    const parsed = idSchema.safeParse(id);
    if (!parsed.success) {
      throw new InvalidRequestError(parsed.error.issues.map(({ message }) => ({ path: 'id', message })));
    }
    const job = await this.reader.find(queue, id, caller.isLimitedToOwn ? caller.name : undefined);
    if (job === undefined) throw new JobNotFoundError(id);
    return job;
  }
}

/** What a caller who is limited to own jobs may see of what is asked for: another creator has no jobs for that one. */
function visible(filter: HistoryFilter, { isLimitedToOwn, name }: Caller): Filter {
  if (!isLimitedToOwn) return filter;
  const isOthers = filter.creator !== undefined && filter.creator !== name;
  return { ...filter, creator: name, ...(isOthers && { nothing: true }) };
}
