import 'reflect-metadata';
import { readFileSync } from 'node:fs';
import { type INestApplicationContext, Logger } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { DroverError, InvalidSettingsError, loadSettings } from '#libs/contracts';
import { loadPlugins } from '#libs/jobs';
import { FatalErrors } from './fatal-errors.js';
import { Lifecycle } from './lifecycle.js';
import { WorkerLogger } from './logger.js';
import { type WorkerIdentity, workerId } from './worker-identity.js';
import { WorkerModule } from './worker.module.js';

/** One Ctrl-C can arrive more than once (from the terminal and from npm). */
const SAME_KEYSTROKE_MS = 500;

async function main(): Promise<void> {
  // Whoever reads our output may go away before us; that must not keep jobs from being handed back.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  const identity = readIdentity();
  const plugins = await loadPlugins(identity.settings.DROVER_PLUGINS, process.cwd());
  const app = await NestFactory.createApplicationContext(WorkerModule.forRoot(identity, plugins), {
    logger: new WorkerLogger(),
    abortOnError: false,
  });
  const lifecycle = app.get(Lifecycle);
  watchSignals(lifecycle, () => stop(app, 0));
  watchErrors(lifecycle, () => stop(app, 1));
  app.get(FatalErrors).onFirst((message) => end(message));
  await lifecycle.start();
}

function readIdentity(): WorkerIdentity {
  const settings = loadSettings(process.env);
  const manifest = readFileSync(new URL('../../../../package.json', import.meta.url), 'utf8');
  const { version } = JSON.parse(manifest) as { version: string };
  return { settings, version, id: workerId(settings) };
}

function watchSignals(lifecycle: Lifecycle, stop: () => void): void {
  let first: number | undefined;
  const onSignal = () => {
    if (first === undefined) stop();
    else if (performance.now() - first > SAME_KEYSTROKE_MS) lifecycle.hurry();
    first ??= performance.now();
  };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal).on('disconnect', onSignal);
}

/** A stray rejection of one handler must not end the others; after a stray throw nothing can be relied on. */
function watchErrors(lifecycle: Lifecycle, stop: () => void): void {
  const logger = new Logger('Worker');
  process.on('unhandledRejection', (reason) => logger.error(`unhandled rejection: ${describe(reason)}`));
  process.on('uncaughtException', (error) => {
    logger.error(`uncaught exception, stopping: ${describe(error)}`);
    stop();
    lifecycle.hurry();
  });
}

function stop(app: INestApplicationContext, code: number): void {
  void app
    .get(Lifecycle)
    .stop()
    .then(() => app.close())
    .catch((error: unknown) => new Logger('Worker').error(`stopping failed: ${describe(error)}`))
    .finally(() => process.exit(code));
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function end(...lines: string[]): never {
  for (const line of lines) process.stderr.write(`${line}\n`);
  process.exit(1);
}

main().catch((error: unknown) => {
  if (error instanceof InvalidSettingsError) end(...error.problems);
  end(error instanceof DroverError ? error.message : describe(error));
});
