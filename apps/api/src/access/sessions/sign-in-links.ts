import { Injectable } from '@nestjs/common';
import { DataSource, LessThan } from 'typeorm';
import type { Owner } from '../caller.js';
import { hashOf, isSecretOf, newCredential, parseCredential } from '../credentials/credential.js';
import { toColumns, toOwner } from './owner-columns.js';
import { SignInLink } from './session.entity.js';

/** Milliseconds for which a link can be used. */
export const LINK_MS = 15 * 60_000;

/** Links that sign a browser in, once. */
@Injectable()
export class SignInLinks {
  constructor(private readonly database: DataSource) {}

  private get rows() {
    return this.database.getRepository(SignInLink);
  }

  /** @returns the token for the link: the only time there is one. */
  async create(owner: Owner): Promise<{ token: string; expiresAt: Date }> {
    const { id, secret, text } = newCredential('dl');
    const createdAt = new Date();
    const expiresAt = new Date(createdAt.getTime() + LINK_MS);
    await this.rows.delete({ expiresAt: LessThan(createdAt) });
    await this.rows.insert({ id, secretHash: hashOf(secret), ...toColumns(owner), createdAt, expiresAt });
    return { token: text, expiresAt };
  }

  /** Uses a link up. @returns whose it was; `undefined` when it is none, was used or has expired. */
  async redeem(token: string): Promise<Owner | undefined> {
    const credential = parseCredential('dl', token);
    const link = credential && (await this.rows.findOneBy({ id: credential.id }));
    if (!link || !isSecretOf(credential.secret, link.secretHash)) return undefined;
    // Of several requests at once only one deletes the row.
    const { affected } = await this.rows.delete({ id: link.id });
    if (affected !== 1 || link.expiresAt.getTime() <= Date.now()) return undefined;
    return toOwner(link);
  }
}
