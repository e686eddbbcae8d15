import { ConsoleLogger } from '@nestjs/common';

/** Nest's own chapters of the log, of no interest to whoever runs Drover. */
const FRAMEWORK = new Set([
  'NestFactory',
  'InstanceLoader',
  'RoutesResolver',
  'RouterExplorer',
  'NestApplication',
]);

/** The log without Nest's account of its start. Its warnings and errors stay. */
export class QuietLogger extends ConsoleLogger {
  override log(message: unknown, ...rest: unknown[]): void {
    if (!FRAMEWORK.has(String(rest.at(-1)))) super.log(message, ...rest);
  }

  override error(message: unknown, ...rest: unknown[]): void {
    // A port in use: main.ts says it in one line.
    if (rest.at(-1) === 'NestApplication' && String(message).startsWith('Error: listen')) return;
    super.error(message, ...rest);
  }
}
