// The kit against Drover's store on a Redis Cluster of three nodes: the prefix is a hash tag.
import { createBackendFactory } from '#libs/queue';
import { startCluster } from '../../../tests/support/cluster.js';
import { conformance } from '../testing/index.js';
import { orphanMaker } from './support/orphan.js';

conformance({
  name: "Drover's store on a cluster",
  start: async () => {
    const cluster = await startCluster();
    const client = cluster.connect();
    return {
      name: 'drover on a cluster',
      createBackend: createBackendFactory({ jobTtlSeconds: 0 }),
      connection: client,
      prefix: '{botrix}',
      makeOrphan: orphanMaker(client),
      dispose: async () => {
        client.disconnect();
        await cluster.remove();
      },
    };
  },
});
