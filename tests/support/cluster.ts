import { Cluster, Redis } from 'ioredis';
import { freePort, startRedis, type OwnRedis } from './redis.js';
import { waitFor } from './wait.js';

const SLOTS = 16_384;

/** A Redis Cluster of masters on loopback that one spec has for itself. */
export interface OwnCluster {
  readonly nodes: readonly OwnRedis[];
  /** A client that knows all nodes, with these options for the connection to each. */
  connect(): Cluster;
  /** Ends all nodes and deletes their data. Clients must be closed before. */
  remove(): Promise<void>;
}

/** Starts a cluster that shares the slots evenly, and waits until every node sees all of them. */
export async function startCluster(size = 3): Promise<OwnCluster> {
  const busPorts = await Promise.all(Array.from({ length: size }, freePort));
  const nodes = await Promise.all(busPorts.map(startNode));
  const clients = nodes.map(({ port }) => new Redis(port, '127.0.0.1'));
  try {
    await join(clients, nodes, busPorts);
  } catch (error) {
    await Promise.all(nodes.map((node) => node.remove()));
    throw error;
  } finally {
    for (const client of clients) client.disconnect();
  }
  return {
    nodes,
    connect: () =>
      new Cluster(
        nodes.map(({ port }) => ({ host: '127.0.0.1', port })),
        { redisOptions: { maxRetriesPerRequest: null } },
      ),
    remove: async () => {
      await Promise.all(nodes.map((node) => node.remove()));
    },
  };
}

function startNode(busPort: number): Promise<OwnRedis> {
  const args = ['--cluster-enabled', 'yes', '--cluster-config-file', 'nodes.conf'];
  // The usual bus port (10,000 above the other) may be taken, or be no port at all.
  return startRedis({ persistent: false, args: [...args, '--cluster-port', String(busPort)] });
}

async function join(clients: Redis[], nodes: OwnRedis[], busPorts: number[]): Promise<void> {
  const share = Math.ceil(SLOTS / clients.length);
  await Promise.all(
    clients.map((client, at) => {
      const last = Math.min(SLOTS, (at + 1) * share) - 1;
      return client.cluster('ADDSLOTSRANGE', at * share, last);
    }),
  );
  const [first] = clients;
  for (let at = 1; at < nodes.length; at++) {
    await first?.call('CLUSTER', 'MEET', '127.0.0.1', nodes[at]?.port ?? 0, busPorts[at] ?? 0);
  }
  for (const client of clients) {
    await waitFor(
      async () => {
        const info = await client.cluster('INFO');
        return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${clients.length}`);
      },
      { timeoutMs: 30_000, what: 'all nodes of the cluster to know each other' },
    );
  }
}
