import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { Response } from 'express';
import { z } from 'zod';
import {
  createKeySchema,
  givenTime,
  keyIdSchema,
  keyParametersSchema,
  listKeysSchema,
  type CreatedKey,
  type CreateKeyRequest,
  type KeyParameters,
  type KeyView,
  type ListKeysQuery,
  type Page,
} from '#libs/contracts';
import { fromCursor, toCursor } from '../../http/cursor.js';
import { Access } from '../access.decorator.js';
import { CurrentCaller, type Caller } from '../caller.js';
import { ApiKeys, type KeyPlace } from './api-keys.js';
import { keyView } from './key-view.js';
import { AuditBody } from '../../audit/tell-body.js';
import { DocCreate, DocFind, DocList, DocRevoke } from './keys.docs.js';

const placeSchema: z.ZodType<KeyPlace> = z.strictObject({ at: givenTime, id: keyIdSchema });

/** REST of API keys. */
@ApiTags('keys')
@Controller('keys')
@Access('admin')
export class KeysController {
  constructor(private readonly keys: ApiKeys) {}

  @Get()
  @DocList()
  async list(
    @Query({ schema: listKeysSchema }) { state, cursor, limit }: ListKeysQuery,
  ): Promise<Page<KeyView>> {
    const found = await this.keys.list(state, fromCursor(placeSchema, cursor), limit + 1);
    const items = found.slice(0, limit);
    const last = items.at(-1);
    const isMore = found.length > limit && last;
    return {
      items: items.map(keyView),
      ...(isMore && { nextCursor: toCursor({ at: last.createdAt.toISOString(), id: last.id }) }),
    };
  }

  @Post()
  @AuditBody<CreateKeyRequest>({ name: 'value', role: 'value', ownJobsOnly: 'value', expiresIn: 'value' })
  @DocCreate()
  async create(
    @Body({ schema: createKeySchema }) asked: CreateKeyRequest,
    @CurrentCaller() caller: Caller,
    @Res({ passthrough: true }) response: Response,
  ): Promise<CreatedKey> {
    const { key, text } = await this.keys.create(asked, caller.name);
    response.setHeader('Location', `/api/keys/${key.id}`);
    return { ...keyView(key), key: text };
  }

  @Get(':id')
  @DocFind()
  async find(@Param({ schema: keyParametersSchema }) { id }: KeyParameters): Promise<KeyView> {
    return keyView(await this.keys.get(id));
  }

  @Delete(':id')
  @HttpCode(200)
  @DocRevoke()
  async revoke(@Param({ schema: keyParametersSchema }) { id }: KeyParameters): Promise<KeyView> {
    return keyView(await this.keys.revoke(id));
  }
}
