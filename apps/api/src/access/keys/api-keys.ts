import { Injectable } from '@nestjs/common';
import { DataSource, type EntityManager, QueryFailedError } from 'typeorm';
import type { CreateKeyRequest, KeyState } from '#libs/contracts';
import { KeyExistsError, KeyNotFoundError, LastAdminKeyError } from '../access-errors.js';
import { AdminKey } from '../credentials/admin-key.js';
import { hashOf, newCredential } from '../credentials/credential.js';
import { RecentRows } from '../recent-rows.js';
import { ApiKey } from './api-key.entity.js';

/** Writes of "last use" of one key are at least so far apart, in milliseconds. */
const TOUCH_MS = 60_000;

const IN_STATE: Readonly<Record<KeyState, string>> = {
  active: 'revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())',
  expired: 'revoked_at IS NULL AND expires_at <= now()',
  revoked: 'revoked_at IS NOT NULL',
};

const UNIQUE_VIOLATION = '23505';

/** Where a page of keys begins: behind this one. */
export interface KeyPlace {
  readonly at: string;
  readonly id: string;
}

/** The API keys, as the database has them. */
@Injectable()
export class ApiKeys {
  private readonly recent = new RecentRows<ApiKey>(
    async (id) => (await this.rows.findOneBy({ id })) ?? undefined,
  );
  private readonly touched = new Map<string, number>();

  constructor(
    private readonly database: DataSource,
    private readonly adminKey: AdminKey,
  ) {}

  private get rows() {
    return this.database.getRepository(ApiKey);
  }

  /** A key as it was at most a second ago; `undefined` = no such key. */
  find(id: string): Promise<ApiKey | undefined> {
    return this.recent.find(id);
  }

  /** @throws {KeyNotFoundError} */
  async get(id: string): Promise<ApiKey> {
    const key = await this.rows.findOneBy({ id });
    if (!key) throw new KeyNotFoundError(id);
    return key;
  }

  /** Keys in the order of their creation, the newest first. */
  list(state: KeyState | undefined, behind: KeyPlace | undefined, limit: number): Promise<ApiKey[]> {
    const query = this.rows
      .createQueryBuilder('key')
      .orderBy('created_at', 'DESC')
      .addOrderBy('id', 'DESC')
      .take(limit);
    if (state) query.andWhere(IN_STATE[state]);
    if (behind) query.andWhere('(created_at, id) < (:at, :id)', { ...behind });
    return query.getMany();
  }

  /**
   * @returns the new key, and its text: the only time there is one.
   * @throws {KeyExistsError} for a name that is or was another key's.
   */
  async create(asked: CreateKeyRequest, createdBy: string): Promise<{ key: ApiKey; text: string }> {
    const { id, secret, text } = newCredential('dk');
    const { name, role, ownJobsOnly, expiresIn } = asked;
    const createdAt = new Date();
    const expiresAt = expiresIn === undefined ? null : new Date(createdAt.getTime() + expiresIn);
    const key = this.rows.create({ id, name, role, ownJobsOnly, createdAt, createdBy, expiresAt });
    Object.assign(key, { secretHash: hashOf(secret), lastUsedAt: null, revokedAt: null });
    try {
      await this.rows.insert(key);
    } catch (error) {
      if (error instanceof QueryFailedError && error.driverError?.code === UNIQUE_VIOLATION)
        throw new KeyExistsError(name);
      throw error;
    }
    return { key, text };
  }

  /**
   * Revokes a key; sessions of it end with it. A revoked one stays as it is.
   *
   * @throws {KeyNotFoundError}
   * @throws {LastAdminKeyError} when nobody could manage keys then.
   */
  async revoke(id: string): Promise<ApiKey> {
    const key = await this.database.transaction((manager) => this.revokeIn(manager, id));
    this.recent.forget(id);
    return key;
  }

  private async revokeIn(manager: EntityManager, id: string): Promise<ApiKey> {
    // All at once, in one order: of two admins who revoke each other one comes second, and is refused.
    const admins = await manager
      .createQueryBuilder(ApiKey, 'key')
      .where(`role = 'admin' AND ${IN_STATE.active}`)
      .orderBy('id')
      .setLock('pessimistic_write')
      .getMany();
    const key = await manager.findOneBy(ApiKey, { id });
    if (!key) throw new KeyNotFoundError(id);
    if (key.revokedAt) return key;
    const isLast = admins.length === 1 && admins[0]?.id === id;
    if (isLast && !this.adminKey.isSet) throw new LastAdminKeyError(key.name);
    key.revokedAt = new Date();
    await manager.update(ApiKey, { id }, { revokedAt: key.revokedAt });
    return key;
  }

  /** Notes that a key is used: at most once a minute, and nobody waits for it. */
  touch({ id, lastUsedAt }: ApiKey): void {
    const now = Date.now();
    const last = Math.max(lastUsedAt?.getTime() ?? 0, this.touched.get(id) ?? 0);
    if (now - last < TOUCH_MS) return;
    this.touched.set(id, now);
    this.rows.update({ id }, { lastUsedAt: new Date(now) }).catch(() => undefined);
  }

  /** How many keys there are, and how many valid ones of the role admin. */
  async count(): Promise<{ active: number; admins: number; total: number }> {
    const counted = await this.database.query<{ active: number; admins: number; total: number }[]>(
      `SELECT count(*)::int AS total,
              count(*) FILTER (WHERE ${IN_STATE.active})::int AS active,
              count(*) FILTER (WHERE role = 'admin' AND ${IN_STATE.active})::int AS admins
       FROM api_keys`,
    );
    return counted[0] ?? { active: 0, admins: 0, total: 0 };
  }
}
