import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Inject, Injectable } from '@nestjs/common';
import type { TypeHealth } from '#libs/contracts';
import { HandlerRegistry } from '#libs/jobs';
import { Consumer } from './consumer.js';
import { PortTakenError } from './errors.js';
import { MetricsPage } from './metrics-page.js';
import { RedisLink } from './redis-link.js';
import { TypeReports } from './type-reports.js';
import { WORKER_IDENTITY, type WorkerIdentity } from './worker-identity.js';
import { WorkerState } from './worker-state.js';

/**
 * On a port of its own: `GET /health`, 200 while the worker works, 503 while Redis is away or the worker stops; and
 * `GET /metrics` for Prometheus.
 */
@Injectable()
export class HealthServer {
  private readonly server: Server = createServer((request, response) => void this.answer(request, response));

  constructor(
    @Inject(WORKER_IDENTITY) private readonly identity: WorkerIdentity,
    private readonly state: WorkerState,
    private readonly redis: RedisLink,
    private readonly consumer: Consumer,
    private readonly registry: HandlerRegistry,
    private readonly types: TypeReports,
    private readonly metrics: MetricsPage,
  ) {}

  /**
   * Opens the port.
   *
   * @returns the address it listens on.
   * @throws {PortTakenError} when it cannot be had.
   */
  async listen(): Promise<string> {
    const { HOST, WORKER_PORT } = this.identity.settings;
    try {
      this.server.listen(WORKER_PORT, HOST);
      await once(this.server, 'listening');
    } catch (error) {
      throw new PortTakenError(HOST, WORKER_PORT, error as NodeJS.ErrnoException);
    }
    const { address, family, port } = this.server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }

  private async answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = request.url?.split('?')[0];
    if (path !== '/health' && path !== '/metrics') {
      return send(response, 404, { error: 'not found: try /health or /metrics' });
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      return send(response, 405, { error: 'only GET and HEAD' });
    }
    if (path === '/metrics') {
      const text = await this.metrics.render();
      response.writeHead(200, { 'content-type': this.metrics.contentType, 'cache-control': 'no-store' });
      return void response.end(text);
    }
    const report = await this.report();
    send(response, report.status === 'ok' ? 200 : 503, report);
  }

  private async report() {
    const { state } = this;
    const [answers, typeHealth] = await Promise.all([this.redis.answers(), this.typeHealth()]);
    const redis = answers ? 'up' : 'down';
    return {
      status: this.verdict(redis),
      worker_id: this.identity.id,
      version: this.identity.version,
      redis,
      draining: state.isDraining,
      running: state.runningCount,
      concurrency: this.identity.settings.WORKER_CONCURRENCY,
      processed: state.processed,
      succeeded: state.succeeded,
      failed: state.failed,
      uptime_seconds: state.uptimeSeconds,
      types: this.registry.types(),
      type_health: typeHealth,
      disabled_types: this.unmet(),
    };
  }

  /** Verdicts on the types this worker runs, from what all workers did; null while Redis does not answer. */
  private async typeHealth(): Promise<Record<string, TypeHealth> | null> {
    const reports = await this.types.read();
    if (!reports) return null;
    const own = new Set(this.registry.types());
    return Object.fromEntries(
      reports.filter(({ type }) => own.has(type)).map(({ type, health }) => [type, health]),
    );
  }

  /** Types that were enabled at run time and cannot run here, with what they lack. */
  private unmet(): Record<string, readonly string[]> {
    const lacking = this.registry.all().filter(({ unmet }) => unmet.length > 0);
    return Object.fromEntries(lacking.map(({ type, unmet }) => [type, unmet]));
  }

  private verdict(redis: 'up' | 'down'): string {
    if (this.state.status === 'stopping') return 'stopping';
    if (redis === 'down') return 'redis unreachable';
    return this.consumer.isRunning ? 'ok' : 'not consuming';
  }
}

function send(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(`${JSON.stringify(body)}\n`);
}
