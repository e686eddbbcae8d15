// The commands of the guides to batches and tasks work as they stand; later ones use what earlier ones have made.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { TEST_ADMIN_KEY } from '../support/access.js';
import { TestApi } from './api-client.js';

it.each([
  ['docs/rest-batches.md', '/api/batches', 'Orders of 1 March'],
  ['docs/rest-tasks.md', '/api/tasks', 'Morning report'],
])('every command of %s is answered with success', async (file, path, name) => {
  const blocks = [...readFileSync(file, 'utf8').matchAll(/```sh\n([^]*?)```/g)].map(([, text = '']) => text);
  const block = blocks.find((text) => text.includes('curl ')) ?? '';
  const api = await TestApi.start();
  try {
    const commands = block.replaceAll('http://127.0.0.1:3000', api.url).replace(/^curl .*$/gm, '$& && echo');
    const env = { ...process.env, AUTH: `Authorization: Bearer ${TEST_ADMIN_KEY}` };
    const { stdout } = await promisify(execFile)('bash', ['-ec', commands], { env });
    const answers = stdout.trim().split('\n');
    for (const answer of answers) expect(() => JSON.parse(answer) as unknown).not.toThrow();
    expect(answers).toHaveLength((block.match(/^curl /gm) ?? []).length);
    expect((await api.get(path)).body.items).toMatchObject([{ name }]);
  } finally {
    await api.close();
  }
});
