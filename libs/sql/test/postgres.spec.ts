import { createPostgresDatabase, hasPostgres, type TestDatabase } from '../../../tests/support/postgres.js';
import { freePort } from '../../../tests/support/redis.js';
import { waitFor } from '../../../tests/support/wait.js';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { openDatabase } from '../src/open-database.js';
import { whenAvailable } from '../src/when-available.js';

class Slow1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Without a lock a second process would try to create it, too, and fail.
    await runner.query('SELECT pg_sleep(0.2)');
    await runner.query('CREATE TABLE slow (id text)');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE slow');
  }
}

class Broken1700000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE half (id text)');
    await runner.query('CREATE TABLE nonsense (id no_such_type)');
  }
  async down(): Promise<void> {
    // Nothing to undo.
  }
}

const part = (...migrations: (new () => MigrationInterface)[]) => ({
  name: 'slow',
  entities: [],
  migrations,
});

(hasPostgres ? describe : describe['skip'])('a PostgreSQL server', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await createPostgresDatabase();
  });
  afterEach(() => database.remove());

  it('is migrated once by several processes that start at the same time', async () => {
    const open = () => openDatabase({ ...database.options, parts: [part(Slow1700000000000)] });
    const opened = await Promise.all([open(), open(), open()]);
    const [{ count }] = await opened[0]!.dataSource.query('SELECT count(*)::int FROM drover_migrations');
    expect(count).toBe(1);
    await Promise.all(opened.map((one) => one.close()));
  });

  it('keeps nothing of a migration that failed', async () => {
    await expect(
      openDatabase({ ...database.options, parts: [part(Broken1700000000001)] }),
    ).rejects.toMatchObject({ code: 'MIGRATION_FAILED', message: expect.stringContaining('no_such_type') });
    const again = await openDatabase({ ...database.options, parts: [] });
    expect(await again.dataSource.query(`SELECT to_regclass('half') AS half`)).toEqual([{ half: null }]);
    await again.close();
  });

  it('is waited for when it is away, for a bounded time', async () => {
    const url = `postgres://user:secret@127.0.0.1:${await freePort()}/drover`;
    const error: unknown = await openDatabase({ url, folder: '', parts: [], patienceMs: 300 }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(String(error)).toMatch(/DATABASE_URL/);
    expect(String(error)).not.toMatch(/secret/);
  });

  it('is not waited for when it has no such database', async () => {
    const url = `${database.options.url}_missing`;
    await expect(openDatabase({ url, folder: '', parts: [] })).rejects.toMatchObject({
      code: 'DATABASE_REFUSED',
      message: expect.stringContaining('does not exist'),
    });
  });

  it('that ends connections is said to be unavailable, and is used again afterwards', async () => {
    const { dataSource } = await openDatabase({ ...database.options, parts: [] });
    const ended = whenAvailable(() => dataSource.query('SELECT pg_terminate_backend(pg_backend_pid())'));
    await expect(ended).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    expect(await waitFor(() => dataSource.query('SELECT 1 AS one'))).toEqual([{ one: 1 }]);
    await dataSource.destroy();
  });
});
