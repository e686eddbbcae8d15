import { report } from './messages.mjs';
import { watchNpm } from './parent.mjs';

/** Runs a script's main function; its error is reported and becomes exit code 1. */
export async function runMain(main) {
  watchNpm(() => process.kill(process.pid, 'SIGTERM'));
  try {
    process.exitCode = (await main()) ?? process.exitCode ?? 0;
  } catch (error) {
    report(error);
    process.exitCode = 1;
  }
}
