import { Injectable } from '@nestjs/common';
import { QueueService, TypeView, type DroverBackend } from '#libs/queue';
import { QueueNotFoundError } from '../problems/operation-errors.js';
import { QueueName } from './queue-name.js';

/** The queues that requests may be about: those that are looked after, and those that types of live workers name. */
@Injectable()
export class KnownQueues {
  private readonly types: TypeView;
  private readonly backends = new Map<string, DroverBackend>();

  constructor(
    private readonly service: QueueService,
    private readonly own: QueueName,
  ) {
    this.types = new TypeView(service.types);
  }

  /** Their names, the own one first, then in alphabetical order. */
  async names(): Promise<string[]> {
    const { name, all } = this.own;
    const ofTypes = (await this.types.list()).map(({ queue }) => queue);
    const others = [...new Set([...all, ...ofTypes])].filter((queue) => queue !== name);
    return [name, ...others.sort()];
  }

  /**
   * The store of a queue, on the connection of this process.
   *
   * @param queue default: the own one.
   * @throws {QueueNotFoundError} for one that nobody knows.
   */
  async find(queue: string = this.own.name): Promise<DroverBackend> {
    if (!this.own.all.includes(queue)) {
      const names = await this.names();
      if (!names.includes(queue)) throw new QueueNotFoundError(queue, names);
    }
    return this.backendOf(queue);
  }

  /** The store of a queue that is known. */
  backendOf(queue: string): DroverBackend {
    if (queue === this.own.name) return this.service.backend;
    const backend = this.backends.get(queue) ?? this.service.backend.forQueue(queue);
    if (this.own.all.includes(queue)) this.backends.set(queue, backend);
    return backend;
  }
}
