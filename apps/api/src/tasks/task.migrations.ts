import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Tasks, and their starts. */
export class CreateTasks1780000000200 implements MigrationInterface {
  readonly name = 'CreateTasks1780000000200';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE tasks (
        id uuid PRIMARY KEY,
        version int NOT NULL,
        name text NOT NULL,
        description text NOT NULL,
        type text NOT NULL,
        payload text NOT NULL,
        priority text,
        attempts int,
        delay_ms double precision NOT NULL,
        timeout_ms double precision,
        queue text,
        schedule jsonb,
        scheduled_in text,
        paused boolean NOT NULL,
        creator text NOT NULL,
        created_at timestamptz(3) NOT NULL,
        updated_at timestamptz(3) NOT NULL,
        last_job_id text,
        last_job_queue text,
        last_job_at timestamptz(3),
        last_status text
      )`);
    await runner.query('CREATE INDEX tasks_created ON tasks (created_at, id)');
    await runner.query('CREATE INDEX tasks_updated ON tasks (updated_at, id)');
    await runner.query('CREATE INDEX tasks_name ON tasks (lower(name), id)');
    await runner.query('CREATE INDEX tasks_type ON tasks (type)');
    await runner.query('CREATE INDEX tasks_creator ON tasks (creator)');
    await runner.query(`
      CREATE TABLE task_runs (
        task_id uuid NOT NULL REFERENCES tasks ON DELETE CASCADE,
        queue text NOT NULL,
        job_id text NOT NULL,
        at timestamptz(3) NOT NULL,
        started_by text NOT NULL,
        PRIMARY KEY (task_id, queue, job_id)
      )`);
    await runner.query('CREATE INDEX task_runs_at ON task_runs (task_id, at DESC)');
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['task_runs', 'tasks']) await runner.query(`DROP TABLE ${table}`);
  }
}

/** Requests with idempotency keys that saved tasks. */
export class AddTaskRequests1780000000700 implements MigrationInterface {
  readonly name = 'AddTaskRequests1780000000700';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE tasks ADD COLUMN request text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE tasks DROP COLUMN request');
  }
}
