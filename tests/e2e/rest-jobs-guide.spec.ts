// The commands in docs/rest-jobs.md work as they stand, one after the other.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { TEST_ADMIN_KEY } from '../support/access.js';
import { TestApi } from './api-client.js';

const guide = readFileSync('docs/rest-jobs.md', 'utf8');
const commands = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)]
  .flatMap(([, block = '']) => block.replaceAll('\\\n', ' ').split('\n'))
  // The key is the test's.
  .filter((line) => line.trim() !== '' && !line.startsWith('AUTH='));
const env = { ...process.env, AUTH: `Authorization: Bearer ${TEST_ADMIN_KEY}` };

it('every command of the guide is answered with success', async () => {
  expect(commands.length).toBeGreaterThan(10);
  const api = await TestApi.start();
  try {
    for (const command of commands) {
      const line = command.replaceAll('http://127.0.0.1:3000', api.url);
      const { stdout } = await promisify(execFile)('sh', ['-c', line], { env });
      expect(() => JSON.parse(stdout) as unknown).not.toThrow();
    }
    const { body } = await api.get('/api/jobs?limit=100');
    expect(body.items.some(({ replayOf }: { replayOf?: string }) => replayOf === 'later-1')).toBe(true);
    expect(body.items.find(({ id }: { id: string }) => id === 'later-1')).toMatchObject({
      status: 'pending',
      payload: { n: 4 },
    });
  } finally {
    await api.close();
  }
});
