import { randomUUID } from 'node:crypto';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { describeOnDatabases } from '../../../tests/support/postgres.js';
import { openDatabase } from '../src/open-database.js';
import type { Database, DatabasePart } from '../src/database.js';

class Things1700000000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('CREATE TABLE things (id text PRIMARY KEY, n int8, j jsonb)');
  }
  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE things');
  }
}

const PART: DatabasePart = { name: 'things', entities: [], migrations: [Things1700000000000] };

describeOnDatabases('a database', (create) => {
  let options: { url?: string; folder: string };
  let database: Database;

  beforeAll(async () => {
    ({ options } = await create());
    database = await openDatabase({ ...options, parts: [PART] });
  });
  afterAll(() => database.close());

  it('keeps rows over a restart and migrates once', async () => {
    const id = randomUUID();
    await database.dataSource.query('INSERT INTO things VALUES ($1, $2, $3)', [
      id,
      '9007199254740993',
      { a: 1 },
    ]);
    await database.close();
    database = await openDatabase({ ...options, parts: [PART] });
    const rows: unknown = await database.dataSource.query('SELECT * FROM things WHERE id = $1', [id]);
    expect(rows).toEqual([{ id, n: '9007199254740993', j: { a: 1 } }]);
  });

  it('goes on after a statement that fails, with what it had begun rolled back', async () => {
    const failing = database.dataSource.transaction(async (manager) => {
      await manager.query(`INSERT INTO things VALUES ('half', 1, null)`);
      await manager.query('SELECT 1 / 0');
    });
    await expect(failing).rejects.toThrow(/division by zero/);
    expect(await database.dataSource.query(`SELECT 1 FROM things WHERE id = 'half'`)).toEqual([]);
  });
});
