import { existsSync, readFileSync, rmSync } from 'node:fs';
import { run } from './commands.mjs';
import { say } from './messages.mjs';
import { inRoot } from './paths.mjs';
import { onPath } from './redis-finder.mjs';

const REQUIREMENTS = inRoot('tests/fuzz/requirements.txt');
const VERSION = /^schemathesis==(.+)$/m.exec(readFileSync(REQUIREMENTS, 'utf8'))?.[1];
const FOLDER = inRoot('node_modules/.cache', `schemathesis-${VERSION}`);
const PROGRAM = `${FOLDER}/bin/st`;
const MARK = `${FOLDER}/complete`;

/** Schemathesis, which makes requests out of an OpenAPI document; undefined when it is not installed. */
export const findSchemathesis = () => (existsSync(MARK) ? PROGRAM : undefined);

/**
 * Installs Schemathesis into a Python environment of its own. Only one test needs it: where it cannot be had, it says so,
 * and that test is skipped.
 */
export async function findOrInstallSchemathesis() {
  if (findSchemathesis()) return;
  const python = onPath('python3');
  if (!python || !(await installed(python))) {
    rmSync(FOLDER, { recursive: true, force: true });
    say(
      'Schemathesis cannot be had: the test that makes requests up is skipped (it needs Python 3.10 with venv, and pip)',
    );
  }
}

async function installed(python) {
  const quiet = { stdio: ['ignore', 'ignore', 'inherit'] };
  if ((await run(python, ['-m', 'venv', '--clear', FOLDER], quiet)) !== 0) return false;
  const pip = [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '--requirement',
    REQUIREMENTS,
  ];
  if ((await run(`${FOLDER}/bin/python`, pip, quiet)) !== 0) return false;
  return (await run('touch', [MARK])) === 0;
}
