import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The audit log. */
export class CreateAuditLog1780000000200 implements MigrationInterface {
  readonly name = 'CreateAuditLog1780000000200';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE audit_log (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        at timestamptz(3) NOT NULL,
        who text NOT NULL,
        role text,
        via text,
        action text NOT NULL,
        method text NOT NULL,
        path text NOT NULL,
        target jsonb NOT NULL,
        outcome text NOT NULL,
        status smallint NOT NULL,
        code text,
        address text,
        user_agent text,
        request_id text NOT NULL
      )`);
    await runner.query('CREATE INDEX audit_log_at ON audit_log (at DESC, id DESC)');
    for (const column of ['who', 'action', 'outcome']) {
      await runner.query(`CREATE INDEX audit_log_${column} ON audit_log (${column}, at DESC, id DESC)`);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE audit_log');
  }
}

/** What an action asked for. */
export class AddAuditWhat1795300000100 implements MigrationInterface {
  readonly name = 'AddAuditWhat1795300000100';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_log ADD COLUMN what jsonb');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE audit_log DROP COLUMN what');
  }
}
