import { Inject, Injectable, Logger } from '@nestjs/common';
import { HandlerRegistry, publishedType } from '#libs/jobs';
import { PUBLISHED_TTL_MS, TypeCatalog } from '#libs/queue';
import { RedisLink } from './redis-link.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';

const EVERY_MS = PUBLISHED_TTL_MS / 4;

/** Tells the queue which types this worker runs, with their schemas and settings, for as long as it runs. */
@Injectable()
export class TypePublisher {
  private readonly logger = new Logger('Types');
  private timer: NodeJS.Timeout | undefined;
  private stopped = true;

  constructor(
    private readonly redis: RedisLink,
    private readonly registry: HandlerRegistry,
    private readonly catalog: TypeCatalog,
    @Inject(WORKER_IDENTITY) private readonly identity: WorkerIdentity,
  ) {}

  start(): void {
    this.stopped = false;
    this.redis.client.on('ready', () => this.publish());
    this.publish();
  }

  /** Publishes again at once: settings have changed. */
  publish(): void {
    if (this.stopped) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.publish(), EVERY_MS);
    // Without Redis there is nobody to tell; it is done again when it is back.
    if (!this.redis.isUp) return;
    const types = this.registry.all().map((type) => publishedType(type, this.identity.settings.QUEUE_NAME));
    this.catalog
      .publish(this.identity.id, types)
      .catch((error: Error) => this.logger.warn(`types were not published: ${error.message}`));
  }

  /** Takes the types back: a worker that stopped in order runs none. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearTimeout(this.timer);
    if (this.redis.isUp)
      await this.catalog.withdraw(this.identity.id, this.registry.all()).catch(() => undefined);
  }
}
