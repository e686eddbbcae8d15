import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import type { Destination, Destinations } from '../destinations.js';
import { OWN_SERVICES } from './flags.js';

/** Connections at once; Chromium has at most 32 to a proxy. */
const MAX_CONNECTIONS = 256;
const CONNECT_MS = 30_000;

/** Headers between two neighbours, not for the one behind. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Told of every request that was refused. */
export type OnRefused = (destination: Destination, reason: string) => void;

/**
 * An HTTP proxy on loopback through which the pages of one job reach the network, and by which they reach
 * nothing but what {@link Destinations} allow: pages, redirects, frames, parts of pages and WebSockets alike.
 * It connects to the very address that was checked. What is refused has its connection closed without an
 * answer, so that a page cannot take it for the host's.
 */
export class ForwardProxy {
  private readonly sockets = new Set<Duplex>();

  private constructor(
    private readonly server: Server,
    private readonly destinations: Destinations,
    private readonly onRefused: OnRefused,
  ) {
    server.maxConnections = MAX_CONNECTIONS;
    server.on('connection', (socket) => this.keep(socket));
    // What goes wrong with one request must never be more than a broken connection of its page.
    server.on('request', (incoming, answer) => {
      this.forward(incoming, answer).catch(() => incoming.socket.destroy());
    });
    server.on('connect', (incoming, socket, head) => {
      this.tunnel(incoming, socket, head).catch(() => socket.destroy());
    });
  }

  static async start(destinations: Destinations, onRefused: OnRefused): Promise<ForwardProxy> {
    const server = createServer();
    const proxy = new ForwardProxy(server, destinations, onRefused);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(0, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Ends every connection at once. */
  close(): void {
    this.server.close();
    this.sockets.forEach((socket) => socket.destroy());
  }

  /** Plain HTTP: the whole address is in the request line. */
  private async forward(incoming: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = URL.canParse(incoming.url ?? '') ? new URL(incoming.url ?? '') : undefined;
    // Whoever asks the proxy itself for a page gets none.
    if (url?.protocol !== 'http:') return void incoming.socket.destroy();
    const address = await this.addressOf({ host: bare(url.hostname), port: Number(url.port || 80) });
    if (address === undefined || incoming.socket.destroyed) return void incoming.socket.destroy();
    const outgoing = request({
      host: address,
      port: Number(url.port || 80),
      method: incoming.method,
      path: `${url.pathname}${url.search}`,
      headers: { ...endToEnd(incoming), host: url.host },
      agent: false,
      timeout: CONNECT_MS,
    });
    outgoing.on('socket', (socket) => this.keep(socket));
    outgoing.on('response', (response) => {
      outgoing.setTimeout(0);
      try {
        answer.writeHead(response.statusCode ?? 502, response.statusMessage, endToEndRaw(response));
      } catch {
        // Node.js reads more than it writes: the status 000, control characters in its text.
        return void outgoing.destroy(new Error('no answer that could be passed on'));
      }
      response.pipe(answer);
      response.on('error', () => answer.destroy());
    });
    outgoing.on('timeout', () => outgoing.destroy());
    outgoing.on('error', () => answer.destroy());
    // Also without an error, as after an upgrade that nobody asked for.
    outgoing.on('close', () => answer.headersSent || answer.destroy());
    answer.on('close', () => outgoing.destroy());
    incoming.pipe(outgoing);
  }

  /** HTTPS and WebSockets: a tunnel to host and port. */
  private async tunnel(incoming: IncomingMessage, client: Duplex, head: Buffer): Promise<void> {
    client.on('error', () => client.destroy());
    const url = URL.canParse(`tcp://${incoming.url}`) ? new URL(`tcp://${incoming.url}`) : undefined;
    const port = Number(url?.port);
    if (!url || !(port > 0)) return void client.destroy();
    const address = await this.addressOf({ host: bare(url.hostname), port });
    if (address === undefined || client.destroyed) return void client.destroy();
    const upstream = this.keep(connect({ host: address, port, timeout: CONNECT_MS }));
    upstream.on('connect', () => {
      upstream.setTimeout(0);
      client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      if (head.length > 0) upstream.write(head);
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on('timeout', () => upstream.destroy());
    upstream.on('error', () => client.destroy());
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
  }

  private async addressOf(destination: Destination): Promise<string | undefined> {
    if (OWN_SERVICES.has(destination.host.toLowerCase())) return undefined;
    const verdict = await this.destinations.check(destination);
    if ('address' in verdict) return verdict.address;
    this.onRefused(destination, verdict.refused);
    return undefined;
  }

  private keep(socket: Socket): Socket {
    if (this.sockets.has(socket)) return socket;
    this.sockets.add(socket);
    socket.once('close', () => this.sockets.delete(socket));
    // Without a listener a reset connection would end the process.
    socket.on('error', () => socket.destroy());
    return socket;
  }
}

const bare = (hostname: string): string => hostname.replace(/^\[(.*)\]$/, '$1');

const droppedBy = (message: IncomingMessage): Set<string> => {
  const named = (message.headers.connection ?? '').split(',').map((name) => name.trim().toLowerCase());
  return new Set([...HOP_BY_HOP, ...named]);
};

function endToEnd(message: IncomingMessage): IncomingMessage['headers'] {
  const dropped = droppedBy(message);
  return Object.fromEntries(Object.entries(message.headers).filter(([name]) => !dropped.has(name)));
}

/** As a flat list, which keeps repeated headers (Set-Cookie) apart. */
function endToEndRaw(message: IncomingMessage): string[] {
  const dropped = droppedBy(message);
  const raw = message.rawHeaders;
  return raw.filter((_, at) => !dropped.has((raw[at - (at % 2)] ?? '').toLowerCase()));
}
