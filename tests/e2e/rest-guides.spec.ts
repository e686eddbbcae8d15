// The commands of the guides to REST work as they stand, one after the other.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { TEST_ADMIN_KEY } from '../support/access.js';
import { TestApi } from './api-client.js';

let api: TestApi;

beforeEach(async () => {
  api = await TestApi.start({ settings: { MORE_QUEUES: 'mail' } });
});
afterEach(() => api.close());

/** Every curl command of a guide, with the lines that belong to it. */
function commandsOf(guide: string): string[] {
  return [...readFileSync(guide, 'utf8').matchAll(/```(?:ba)?sh\n([^]*?)```/g)]
    .flatMap(([, block = '']) => block.replaceAll('\\\n', ' ').split(/^(?=curl |[A-Z]+=)/m))
    .filter((command) => command.startsWith('curl '));
}

/** Runs a command with the variables that the guides set, and gives the status and the answer. */
async function run(command: string): Promise<{ status: number; body: unknown }> {
  const line = command
    .replaceAll('http://127.0.0.1:3000', api.url)
    .replace(/^curl /, "curl -s -w '\\n%{http_code}' ");
  const env = {
    ...process.env,
    API: `${api.url}/api`,
    AUTH: `Authorization: Bearer ${TEST_ADMIN_KEY}`,
    JSON: 'Content-Type: application/json',
  };
  const { stdout } = await promisify(execFile)('bash', ['-c', line], { env });
  const end = stdout.lastIndexOf('\n');
  return { status: Number(stdout.slice(end + 1)), body: JSON.parse(stdout.slice(0, end)) as unknown };
}

it('docs/rest-jobs.md', async () => {
  const commands = commandsOf('docs/rest-jobs.md');
  expect(commands.length).toBeGreaterThan(10);
  for (const command of commands) {
    const { status } = await run(command);
    expect({ command, isSuccess: status >= 200 && status < 300 }).toEqual({ command, isSuccess: true });
  }
  const { body } = await api.get('/api/jobs?limit=100');
  expect(body.items.some(({ replayOf }: { replayOf?: string }) => replayOf === 'later-1')).toBe(true);
  expect(body.items.find(({ id }: { id: string }) => id === 'later-1')).toMatchObject({
    status: 'pending',
    payload: { n: 4 },
  });
});

it('docs/rest-operations.md, but for its worker, which is nobody', async () => {
  const commands = commandsOf('docs/rest-operations.md');
  expect(commands.length).toBeGreaterThan(10);
  for (const command of commands) {
    const { status, body } = await run(command);
    if (command.includes('/workers/host-7')) expect(body).toMatchObject({ code: 'WORKER_NOT_FOUND' });
    else
      expect({ command, body, isSuccess: status >= 200 && status < 300 }).toMatchObject({ isSuccess: true });
  }
});
