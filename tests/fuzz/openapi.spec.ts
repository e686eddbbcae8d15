import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
// eslint-disable-next-line @typescript-eslint/ban-ts-comment
// @ts-ignore -- a script of the set-up
import { findSchemathesis } from '../../scripts/lib/schemathesis.mjs';
import { TestApi } from '../e2e/api-client.js';
import { bearer } from '../support/access.js';

/**
 * What an answer is checked for: no 5xx, no status, media type, header or body that the description does not know, bad data and
 * methods refused. Left out is that all data which fits the schema is accepted: JSON Schema cannot say every rule.
 */
const CHECKS = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_headers_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
  'unsupported_method',
];

/** Requests made up for each operation; more by hand: `FUZZ_EXAMPLES=300 npm test -- tests/fuzz`. */
const EXAMPLES = process.env['FUZZ_EXAMPLES'] ?? '15';

const program = findSchemathesis() as string | undefined;
let api: TestApi;
let folder: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'drover-fuzz-'));
  api = await TestApi.start({ settings: { DATA_DIR: folder } });
});

afterAll(async () => {
  await api.close();
  rmSync(folder, { recursive: true, force: true });
});

/** @returns its exit code and what it wrote. */
async function schemathesis(...args: string[]): Promise<{ code: number; output: string }> {
  const child = spawn(program as string, args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  const keep = (chunk: Buffer) => (output += chunk.toString());
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const [code] = (await once(child, 'close')) as [number];
  return { code, output };
}

(program ? it : it.skip)(
  'answers requests made up from its description as the description says',
  async () => {
    // Not the key of the environment: made-up attempts to sign in would lock that out for a minute.
    const { key } = (await api.post('/api/keys', { name: 'fuzz', role: 'admin' })).body;
    const { code, output } = await schemathesis(
      'run',
      `${api.url}/api/docs-json`,
      ...['--header', `Authorization: ${bearer(key).Authorization}`],
      ...['--checks', CHECKS.join(',')],
      ...['--phases', 'examples,coverage,fuzzing'],
      ...['--max-examples', EXAMPLES],
      ...['--generation-deterministic', '--no-color'],
    );
    // What it wrote says which request it was, as a curl command.
    if (code !== 0) throw new Error(output);
    expect(output).toContain('SUMMARY');
  },
  600_000,
);
