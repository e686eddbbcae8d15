import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describeWithGo, goModule } from './support/legacy-build.js';

const run = promisify(execFile);
const go = (...args: string[]) => run('go', args, { cwd: goModule });

describeWithGo('the legacy Go program', () => {
  it('sends exactly the commands of the contract, as MONITOR sees them', async () => {
    await expect(go('test', './...')).resolves.toMatchObject({ stdout: expect.stringContaining('ok') });
  }, 300_000);

  it('is vetted', async () => {
    await expect(go('vet', './...')).resolves.toMatchObject({ stderr: '' });
  }, 300_000);

  it('is formatted', async () => {
    await expect(run('gofmt', ['-l', '.'], { cwd: goModule })).resolves.toMatchObject({ stdout: '' });
  });
});
