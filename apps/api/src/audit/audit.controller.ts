import { Controller, Get, Query } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { z } from 'zod';
import {
  givenTime,
  listAuditSchema,
  type AuditEntryView,
  type ListAuditQuery,
  type Page,
} from '#libs/contracts';
import { Access } from '../access/access.decorator.js';
import { fromCursor, toCursor } from '../http/cursor.js';
import { auditView, AuditReader, type AuditPlace } from './audit-reader.js';
import { DocList } from './audit.docs.js';

const placeSchema: z.ZodType<AuditPlace> = z.strictObject({
  at: givenTime,
  id: z.string().regex(/^\d{1,18}$/),
});

/** REST of the audit log. */
@ApiTags('audit')
@Controller('audit')
@Access('admin')
export class AuditController {
  constructor(private readonly reader: AuditReader) {}

  @Get()
  @DocList()
  async list(@Query({ schema: listAuditSchema }) query: ListAuditQuery): Promise<Page<AuditEntryView>> {
    const { cursor, limit, ...filter } = query;
    const found = await this.reader.list(filter, fromCursor(placeSchema, cursor), limit + 1);
    const items = found.slice(0, limit);
    const last = items.at(-1);
    const isMore = found.length > limit && last;
    return {
      items: items.map(auditView),
      ...(isMore && { nextCursor: toCursor({ at: last.at.toISOString(), id: last.id }) }),
    };
  }
}
