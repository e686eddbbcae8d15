import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inRoot } from '../../scripts/lib/paths.mjs';
import { onPath } from '../../scripts/lib/redis-finder.mjs';
import { atEnd } from './ending.mjs';

/** Builds the Go program that adds jobs; undefined where there is no Go. It needs no module but Go's own. */
export function buildGo() {
  const go = onPath('go');
  if (!go) return undefined;
  const dir = mkdtempSync(join(tmpdir(), 'drover-bench-go-'));
  atEnd(() => rmSync(dir, { recursive: true, force: true }));
  const program = join(dir, 'add-job');
  execFileSync(go, ['build', '-o', program, '.'], {
    cwd: inRoot('bench/go'),
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return program;
}
