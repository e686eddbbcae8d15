import 'reflect-metadata';
import { Module, type DynamicModule, type INestApplicationContext, type Provider } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { QueueModule } from '#libs/queue';
import type { Stand } from './stand.js';

export interface AppParts {
  imports?: NonNullable<DynamicModule['imports']>;
  providers?: Provider[];
}

@Module({})
class AppModule {}

/** Starts an application of these parts only. Its errors are thrown, nothing is logged, nothing closes it. */
export function startParts({ imports = [], providers = [] }: AppParts): Promise<INestApplicationContext> {
  return NestFactory.createApplicationContext(
    { module: AppModule, imports, providers },
    { logger: false, abortOnError: false },
  );
}

/** Starts an application on the stand's store; it is closed with the stand. */
export async function startApp(stand: Stand, { imports = [], providers = [] }: AppParts) {
  const root = QueueModule.forRoot(stand.serviceOptions());
  return stand.keep(await startParts({ imports: [root, ...imports], providers }));
}
