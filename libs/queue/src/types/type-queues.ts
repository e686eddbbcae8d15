import type { LiveType, QueueRoutes } from '#libs/contracts';
import { TypeView } from './live-types.js';

/** What {@link TypeQueues} goes by. */
export interface TypeQueuesOptions {
  /** The queue of this process. */
  own: string;
  /** Beat all that handlers say. */
  routes: QueueRoutes;
  /** Further queues whose workers are asked. Those that are routed to are asked anyway. Default: none. */
  others?: readonly string[];
  /** What live workers of a queue publish. */
  list(queue: string): Promise<LiveType[]>;
}

/** Finds the handler of a type in this process. */
export type FindHandler = (type: string) => { readonly queue: string | undefined } | undefined;

/** Which queue the jobs of a type go to, and whether somebody runs them there. */
export class TypeQueues {
  private readonly views = new Map<string, TypeView>();
  private readonly queues: readonly string[];
  private findHandler: FindHandler = () => undefined;

  constructor(private readonly options: TypeQueuesOptions) {
    const { own, others = [], routes } = options;
    this.queues = [...new Set([own, ...others, ...routes.queues])];
  }

  /** From now on goes by the handlers of this process, too. */
  follow(find: FindHandler): void {
    this.findHandler = find;
  }

  /**
   * The queue that jobs of a type go to where nobody says which: that of the first route that fits; else that of its handler, here
   * or, as live workers publish it, elsewhere; else that of this process. What is published may be up to a second old.
   */
  async queueOf(type: string): Promise<string> {
    const known = this.routes.queueOf(type) ?? this.findHandler(type)?.queue;
    if (known !== undefined) return known;
    for (const published of await Promise.all(this.queues.map((queue) => this.published(queue, type)))) {
      if (published?.hasOwnQueue) return published.queue;
    }
    return this.options.own;
  }

  /** The queue of a type with a handler in this process: as {@link queueOf}, but nobody else is asked. */
  homeOf(type: string): string {
    return this.routes.queueOf(type) ?? this.findHandler(type)?.queue ?? this.options.own;
  }

  /** The type, if live workers of a queue publish it; up to a second old. */
  async published(queue: string, type: string): Promise<LiveType | undefined> {
    let view = this.views.get(queue);
    if (!view) {
      view = new TypeView({ list: () => this.options.list(queue) });
      this.views.set(queue, view);
    }
    return view.find(type);
  }

  /**
   * Whether somebody runs a type in the queue its jobs go to. Go programs publish nothing: a type that is routed to another queue,
   * and that no worker of TypeScript is known to have, counts as run there.
   */
  async isRun(type: string): Promise<boolean> {
    const { own } = this.options;
    const queue = await this.queueOf(type);
    if (await this.published(queue, type)) return true;
    const isRouted = this.routes.queueOf(type) !== undefined && queue !== own;
    return isRouted && !this.findHandler(type) && !(await this.published(own, type));
  }

  /** The queue where a job that lies in this process's queue should be, when it has a route and no live worker here has its type. */
  async misplaced(type: string): Promise<string | undefined> {
    const { own } = this.options;
    const queue = this.routes.queueOf(type);
    if (queue === undefined || queue === own || (await this.published(own, type))) return undefined;
    return queue;
  }

  private get routes(): QueueRoutes {
    return this.options.routes;
  }
}
