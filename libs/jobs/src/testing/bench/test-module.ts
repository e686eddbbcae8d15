import { ARTIFACT_STORE, type ArtifactStore } from '#libs/artifacts';
import { Module, type DynamicModule, type Provider } from '@nestjs/common';
import { Test, type TestingModule } from '@nestjs/testing';
import type { Redis } from 'ioredis';
import { JobsModule, RUNNER_PORTS, type JobRunnerOptions } from '../../framework/index.js';
import { QueueRoutes } from '#libs/contracts';
import { QueueKeys, TypeCatalog, TypeQueues } from '#libs/queue';
import { RedisRunnerPorts } from '../../processing/index.js';

/** Where a test worker's queue is. */
export interface TestQueue {
  readonly redisUrl: string;
  /** Nobody else's. */
  readonly prefix: string;
  readonly name: string;
}

export interface TestModuleOptions extends JobRunnerOptions {
  /** Plugins, and modules they need. Default: none. */
  imports?: NonNullable<DynamicModule['imports']>;
  /** Handlers by themselves, and what they inject. Default: none. */
  providers?: Provider[];
  /** Settings of types (`DROVER_TYPE__...`), and variables that types require. Default: `process.env`. */
  environment?: Record<string, string | undefined>;
}

@Module({})
class SurroundingsModule {
  static forTest(redis: Redis, { prefix, name }: TestQueue, artifacts: ArtifactStore): DynamicModule {
    const types = typesOfOne(redis, prefix, name);
    return {
      module: SurroundingsModule,
      providers: [
        { provide: TypeQueues, useValue: types },
        { provide: RUNNER_PORTS, useValue: new RedisRunnerPorts(redis, prefix, name, { types }) },
        { provide: ARTIFACT_STORE, useValue: artifacts },
      ],
      exports: [TypeQueues, RUNNER_PORTS, ARTIFACT_STORE],
    };
  }
}

/** A test has one queue: types that have another one are run in it, too. */
function typesOfOne(redis: Redis, prefix: string, own: string): TypeQueues {
  const catalog = new TypeCatalog(async () => redis, new QueueKeys(prefix, own));
  const here = async () =>
    (await catalog.list()).map((type) => ({ ...type, queue: own, hasOwnQueue: false }));
  return new TypeQueues({ own, routes: new QueueRoutes(), list: here });
}

/** What a worker consists of besides its queue: plugins, registry, runner. Whatever is wrong with a plugin is thrown. */
export async function testModule(
  redis: Redis,
  queue: TestQueue,
  artifacts: ArtifactStore,
  { imports = [], providers = [], environment, ...runner }: TestModuleOptions,
): Promise<TestingModule> {
  const surroundings = SurroundingsModule.forTest(redis, queue, artifacts);
  const module = await Test.createTestingModule({
    imports: [
      surroundings,
      JobsModule.forRoot({ imports: [surroundings], environment, stopGraceMs: 500, ...runner }),
      ...imports,
    ],
    providers,
  }).compile();
  return module.init();
}
