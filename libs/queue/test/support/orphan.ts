import type { Cluster, Redis } from 'ioredis';

/** How the conformance kit has a job left behind in Drover's store: no structure names it, and it has no status. */
export const orphanMaker = (client: Redis | Cluster) => async (qualifiedName: string, jobId: string) => {
  for (const name of ['queue', 'ids']) await client.zrem(`${qualifiedName}:${name}`, jobId);
  await client.del(`${qualifiedName}:status:${jobId}`);
};
