import { build, buildIsFresh } from './build.mjs';
import { databaseTemplateIsThere, makeDatabaseTemplate } from './database-template.mjs';
import { dependenciesAreFresh, installDependencies } from './dependencies.mjs';
import { dropLock, takeLock } from './lock.mjs';
import { UserError, say } from './messages.mjs';
import { inRoot } from './paths.mjs';
import { pollUntil } from './wait.mjs';

const WAIT_MINUTES = 10;

/** Dependencies installed, code built, an empty database made; does nothing when all are as they should be. */
export async function setUp() {
  if (dependenciesAreFresh() && buildIsFresh() && databaseTemplateIsThere()) return;
  const lock = inRoot('.data', 'set-up.lock');
  await takeTurn(lock);
  try {
    if (!dependenciesAreFresh()) await installDependencies();
    await Promise.all([buildIsFresh() || buildOrFail(), makeDatabaseTemplate()]);
  } finally {
    dropLock(lock);
  }
}

/** `npm start` and `npm test` typed at the same time must not both write node_modules and dist. */
async function takeTurn(lock) {
  if (takeLock(lock).held) return;
  say('Waiting for another Drover command that is setting up here ...');
  const held = await pollUntil(() => takeLock(lock).held, { timeoutMs: WAIT_MINUTES * 60_000, everyMs: 200 });
  if (!held)
    throw new UserError(
      `another Drover command has been setting up for ${WAIT_MINUTES} minutes: end it, or delete ${lock}`,
    );
}

async function buildOrFail() {
  say('Building ...');
  const code = await build();
  if (code !== 0) throw new UserError('the build failed: the TypeScript errors are above');
}
