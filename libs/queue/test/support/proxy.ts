import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A way to Redis that a test may cut. */
export interface Proxy {
  url: string;
  /** From now on Redis hears what it is told, and nobody hears its answers. */
  swallow(): void;
  /** Whether an answer was lost since. */
  hasSwallowed(): boolean;
  /** Ends all connections; new ones work. */
  cut(): void;
  close(): Promise<void>;
}

/** Opens a way to the Redis at `url` that a test may cut. */
export async function openProxy(url: string): Promise<Proxy> {
  const { hostname, port } = new URL(url);
  const open = new Set<Socket>();
  let swallows = false;
  let hasSwallowed = false;
  const server = createServer((client) => {
    const redis = connect(Number(port), hostname);
    for (const [one, other] of [
      [client, redis],
      [redis, client],
    ] as const) {
      open.add(one);
      one.on('error', () => undefined);
      one.on('close', () => {
        open.delete(one);
        other.destroy();
      });
    }
    client.on('data', (data) => redis.write(data));
    redis.on('data', (data) => {
      if (swallows) hasSwallowed = true;
      else client.write(data);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    for (const socket of open) socket.destroy();
    swallows = false;
  };
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    swallow: () => {
      swallows = true;
      hasSwallowed = false;
    },
    hasSwallowed: () => hasSwallowed,
    cut,
    close: () => {
      cut();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
