import type { MigrationInterface, QueryRunner } from 'typeorm';

/** API keys, sessions and links to sign in. */
export class CreateAccess1780000000100 implements MigrationInterface {
  readonly name = 'CreateAccess1780000000100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE api_keys (
        id text PRIMARY KEY,
        name text NOT NULL,
        secret_hash bytea NOT NULL,
        role text NOT NULL CHECK (role IN ('viewer', 'operator', 'admin')),
        own_jobs_only boolean NOT NULL,
        created_at timestamptz(3) NOT NULL,
        created_by text NOT NULL,
        expires_at timestamptz(3),
        last_used_at timestamptz(3),
        revoked_at timestamptz(3)
      )`);
    await runner.query('CREATE UNIQUE INDEX api_keys_name ON api_keys (lower(name))');
    await runner.query('CREATE INDEX api_keys_created ON api_keys (created_at DESC, id DESC)');
    for (const [table, more] of [
      ['sessions', 'last_seen_at timestamptz(3) NOT NULL,'],
      ['sign_in_links', ''],
    ] as const) {
      await runner.query(`
        CREATE TABLE ${table} (
          id text PRIMARY KEY,
          secret_hash bytea NOT NULL,
          key_id text REFERENCES api_keys ON DELETE CASCADE,
          admin_hash bytea,
          created_at timestamptz(3) NOT NULL,
          ${more}
          expires_at timestamptz(3) NOT NULL
        )`);
      await runner.query(`CREATE INDEX ${table}_expires ON ${table} (expires_at)`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['sign_in_links', 'sessions', 'api_keys']) await runner.query(`DROP TABLE ${table}`);
  }
}
