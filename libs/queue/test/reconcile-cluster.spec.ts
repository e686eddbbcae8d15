// What the reconciler looks for by SCAN is on one node of a cluster; it looks on all.
import { createBackendFactory, type DroverBackend } from '#libs/queue';
import type { Cluster } from 'ioredis';
import { startCluster, type OwnCluster } from '../../../tests/support/cluster.js';

let cluster: OwnCluster;
let client: Cluster;
const open: DroverBackend[] = [];

beforeAll(async () => {
  cluster = await startCluster();
  client = cluster.connect();
});
afterAll(async () => {
  await Promise.all(open.map((backend) => backend.close()));
  client.disconnect();
  await cluster.remove();
});

// Prefixes whose slots are on the first, the second and the third node.
for (const prefix of ['{b}', '{c}', '{a}']) {
  it(`finds a job that nobody ever saw under ${prefix}`, async () => {
    const backend = createBackendFactory()('jobs', { connection: client, prefix } as never);
    open.push(backend);
    await client.set(`${prefix}:jobs:data:lost`, JSON.stringify({ id: 'lost', priority: 1 }), 'EX', 3600);
    await client.set(`${prefix}:jobs:status:lost`, 'pending', 'EX', 3600);
    const back: string[] = [];
    for (let pass = 0; pass < 2; pass++) {
      back.push(...(await backend.reconciling.pass({ maxStalls: 1, graceMs: 0 })));
    }
    expect(back).toEqual(['lost']);
    expect(await client.zrange(`${prefix}:jobs:queue`, 0, -1)).toEqual(['lost']);
  });
}

it('has those prefixes on different nodes', async () => {
  const slots = await Promise.all(['{b}', '{c}', '{a}'].map((prefix) => client.cluster('KEYSLOT', prefix)));
  const shares = slots.map((slot) => Math.floor(Number(slot) / Math.ceil(16_384 / 3)));
  expect([...shares].sort()).toEqual([0, 1, 2]);
});
