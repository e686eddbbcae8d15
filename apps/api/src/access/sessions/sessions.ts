import { Injectable } from '@nestjs/common';
import { DataSource, LessThan } from 'typeorm';
import type { Owner } from '../caller.js';
import { hashOf, isSecretOf, newCredential, parseCredential } from '../credentials/credential.js';
import { RecentRows } from '../recent-rows.js';
import { toColumns } from './owner-columns.js';
import { Session } from './session.entity.js';

const HOUR_MS = 3_600_000;

/** Milliseconds without a request after which a session ends. */
export const SESSION_IDLE_MS = 12 * HOUR_MS;
/** Milliseconds after which every session ends. */
export const SESSION_MS = 7 * 24 * HOUR_MS;

const TOUCH_MS = 60_000;

/** Browsers that are signed in, as the database has them. */
@Injectable()
export class Sessions {
  private readonly recent = new RecentRows<Session>(
    async (id) => (await this.rows.findOneBy({ id })) ?? undefined,
  );
  private readonly touched = new Map<string, number>();

  constructor(private readonly database: DataSource) {}

  private get rows() {
    return this.database.getRepository(Session);
  }

  /** @returns the text for the cookie: the only time there is one. */
  async start(owner: Owner): Promise<{ text: string; session: Session }> {
    const { id, secret, text } = newCredential('ds');
    const createdAt = new Date();
    const session = this.rows.create({ id, secretHash: hashOf(secret), ...toColumns(owner), createdAt });
    Object.assign(session, { lastSeenAt: createdAt, expiresAt: new Date(createdAt.getTime() + SESSION_MS) });
    await this.dropEnded(createdAt);
    await this.rows.insert(session);
    return { text, session };
  }

  /** The session of a cookie; `undefined` when there is none, or it has ended. */
  async find(text: string): Promise<Session | undefined> {
    const credential = parseCredential('ds', text);
    const session = credential && (await this.recent.find(credential.id));
    if (!session || !isSecretOf(credential.secret, session.secretHash)) return undefined;
    const now = Date.now();
    const seen = Math.max(session.lastSeenAt.getTime(), this.touched.get(session.id) ?? 0);
    if (session.expiresAt.getTime() <= now || seen + SESSION_IDLE_MS <= now) return undefined;
    if (now - seen >= TOUCH_MS) this.touch(session.id, now);
    return session;
  }

  async end(id: string): Promise<void> {
    await this.rows.delete({ id });
    this.recent.forget(id);
    this.touched.delete(id);
  }

  private touch(id: string, now: number): void {
    this.touched.set(id, now);
    this.rows.update({ id }, { lastSeenAt: new Date(now) }).catch(() => undefined);
  }

  /** Sessions are few and start seldom: whoever starts one clears up. */
  private async dropEnded(now: Date): Promise<void> {
    await this.rows.delete({ expiresAt: LessThan(now) });
    await this.rows.delete({ lastSeenAt: LessThan(new Date(now.getTime() - SESSION_IDLE_MS)) });
    const limit = now.getTime() - SESSION_IDLE_MS;
    for (const [id, seen] of this.touched) if (seen < limit) this.touched.delete(id);
  }
}
