import type { Redis } from 'ioredis';
import { QueueRoutes, type Settings } from '#libs/contracts';
import { Children, type HandlerRegistry, type OtherQueues } from '#libs/jobs';
import { QueueKeys, TypeCatalog, TypeQueues } from '#libs/queue';

/** Where jobs of a type go, as this worker is set. */
export function typeQueues(client: Redis, settings: Settings): TypeQueues {
  const { QUEUE_PREFIX: prefix, QUEUE_NAME: own, QUEUE_ROUTES, MORE_QUEUES: others } = settings;
  return new TypeQueues({
    own,
    others,
    routes: new QueueRoutes(QUEUE_ROUTES),
    list: (queue) => new TypeCatalog(async () => client, new QueueKeys(prefix, queue)).list(),
  });
}

/** Adds the children of this worker's jobs, to the queues that its handlers name. */
export function children(registry: HandlerRegistry, types: TypeQueues, queues: OtherQueues): Children {
  types.follow((type) => registry.find(type));
  return new Children(registry, types, (name) => queues.open(name));
}

/** A line for each handler of a worker whose jobs go to another queue than its own. */
export function foreignTypes(registry: HandlerRegistry, types: TypeQueues, own: string): string[] {
  return registry
    .all()
    .map(({ type }) => ({ type, home: types.homeOf(type) }))
    .filter(({ home }) => home !== own)
    .map(
      ({ type, home }) =>
        `jobs of type "${type}" go to queue "${home}", not to "${own}", which is all this worker looks at: ` +
        `start one with QUEUE_NAME=${home}`,
    );
}
