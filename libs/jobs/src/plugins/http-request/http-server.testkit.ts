import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type ServerOptions } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

/** A request as the server got it. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly rawHeaders: readonly string[];
  readonly body: string;
}

export type Answer = (request: Seen, response: ServerResponse) => void | Promise<void>;

/** A real HTTP server on a free port of one address. */
export class TestServer {
  /** Requests so far, oldest first. */
  readonly seen: Seen[] = [];
  answer: Answer = (_, response) => void response.end();
  private constructor(
    private readonly server: Server,
    readonly port: number,
    private readonly scheme: string,
  ) {}

  /** @param tls certificate and key, for https. */
  static async start(host = '127.0.0.1', tls?: ServerOptions): Promise<TestServer> {
    const listener = (request: IncomingMessage, response: ServerResponse) =>
      void started.handle(request, response);
    const server = tls ? createTlsServer(tls, listener) : createServer(listener);
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    const started = new TestServer(server, (server.address() as AddressInfo).port, tls ? 'https' : 'http');
    return started;
  }

  /** Address of a path, by any name that leads here. */
  url(path = '/', host = '127.0.0.1'): string {
    return `${this.scheme}://${host}:${this.port}${path}`;
  }

  get last(): Seen {
    return this.seen.at(-1) as Seen;
  }

  /** Forgets what was seen, and answers all with 200 and nothing. */
  reset(): void {
    this.seen.length = 0;
    this.answer = (_, response) => void response.end();
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  private async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const seen: Seen = {
      method: request.method as string,
      url: request.url as string,
      headers: request.headers,
      rawHeaders: request.rawHeaders,
      body: await text(request).catch(() => ''),
    };
    this.seen.push(seen);
    await this.answer(seen, response);
  }
}
