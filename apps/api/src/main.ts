import { DroverError, InvalidSettingsError, loadSettings } from '#libs/contracts';
import { Readiness } from './access/readiness.js';
import { listen } from './http/listen.js';
import { shutDownOnSignal } from './http/shutdown.js';
import { createApi } from './server.js';

await start().catch((error: unknown) => {
  for (const line of reasons(error)) console.error(`[api] ${line}`);
  process.exit(1);
});

async function start(): Promise<void> {
  const settings = loadSettings(process.env);
  const app = await createApi(settings);
  shutDownOnSignal(app, settings.SHUTDOWN_SECONDS * 1000);
  const url = await listen(app, settings);
  console.log(`[api] listening on ${url} (documentation at /api/docs)`);
  const link = await app.get(Readiness).firstLink();
  if (link !== undefined) console.log(`[api] sign in, once and within 15 minutes: ${url}${link}`);
}

/** One line for each thing the user can put right; for a bug, its stack. */
function reasons(error: unknown): readonly string[] {
  if (error instanceof InvalidSettingsError) return error.problems;
  if (error instanceof DroverError) return [error.message];
  return [
    error instanceof Error
      ? `cannot start: ${error.stack ?? error.message}`
      : `cannot start: ${String(error)}`,
  ];
}
