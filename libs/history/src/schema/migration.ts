import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = `
CREATE TABLE job_records (
  queue text NOT NULL,
  id text NOT NULL,
  version bigint NOT NULL,
  partial boolean NOT NULL,
  type text,
  status text NOT NULL,
  state text NOT NULL,
  priority int,
  payload jsonb,
  result jsonb,
  omitted text[] NOT NULL DEFAULT '{}',
  progress jsonb,
  error text,
  error_code text,
  stack text[],
  attempts_made int,
  attempts_started int,
  attempts_max int,
  created_at timestamptz(3) NOT NULL,
  ready_at timestamptz(3),
  first_started_at timestamptz(3),
  started_at timestamptz(3),
  finished_at timestamptz(3),
  removed_at timestamptz(3),
  creator text,
  tags text[] NOT NULL DEFAULT '{}',
  batch text,
  worker text,
  language text,
  legacy boolean,
  timeline jsonb NOT NULL DEFAULT '{}',
  recorded_at timestamptz(3) NOT NULL DEFAULT now(),
  PRIMARY KEY (queue, id)
);
CREATE TABLE history_gaps (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  queue text NOT NULL,
  reason text NOT NULL,
  from_id text,
  to_id text,
  lost bigint,
  filled int NOT NULL DEFAULT 0,
  noticed_at timestamptz(3) NOT NULL DEFAULT now(),
  filled_at timestamptz(3),
  lease_until timestamptz(3)
);
CREATE TABLE history_positions (
  queue text PRIMARY KEY,
  last_id text NOT NULL
);`;

/** Every filter together with the order of pages: the newest first, and then by what is unique. */
const ORDER = 'created_at DESC, queue DESC, id DESC';
const INDEXES = [
  `CREATE INDEX job_records_created ON job_records (${ORDER})`,
  `CREATE INDEX job_records_status ON job_records (status, ${ORDER})`,
  `CREATE INDEX job_records_type ON job_records (type, ${ORDER})`,
  `CREATE INDEX job_records_queue ON job_records (queue, created_at DESC, id DESC)`,
  `CREATE INDEX job_records_priority ON job_records (priority, ${ORDER})`,
  `CREATE INDEX job_records_creator ON job_records (creator, ${ORDER}) WHERE creator IS NOT NULL`,
  `CREATE INDEX job_records_batch ON job_records (batch, ${ORDER}) WHERE batch IS NOT NULL`,
  `CREATE INDEX job_records_tags ON job_records USING gin (tags) WHERE tags <> '{}'`,
  `CREATE INDEX job_records_unfinished ON job_records (queue, id) WHERE status IN ('pending', 'running') AND removed_at IS NULL`,
  `CREATE INDEX job_records_finished ON job_records (finished_at)`,
  `CREATE INDEX job_records_removed ON job_records (removed_at) WHERE removed_at IS NOT NULL`,
  `CREATE INDEX job_records_error ON job_records USING gin (to_tsvector('simple', left(error, 8000))) WHERE error IS NOT NULL`,
  `CREATE INDEX history_gaps_open ON history_gaps (queue) WHERE filled_at IS NULL`,
];

/** The tables of the history. */
export class History1795300000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    for (const statement of INDEXES) await runner.query(statement);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE job_records; DROP TABLE history_gaps; DROP TABLE history_positions');
  }
}
