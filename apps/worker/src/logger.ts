import { ConsoleLogger } from '@nestjs/common';

/** What Nest says about its own start-up; not news to whoever runs a worker. */
const FRAMEWORK = new Set(['InstanceLoader', 'NestFactory', 'NestApplication', 'ModuleRef']);

/** Nest's console logger without the framework's own chatter. */
export class WorkerLogger extends ConsoleLogger {
  constructor() {
    super({ prefix: 'worker', colors: process.stdout.isTTY === true });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (!FRAMEWORK.has(String(rest.at(-1)))) super.log(message, ...rest);
  }
}
