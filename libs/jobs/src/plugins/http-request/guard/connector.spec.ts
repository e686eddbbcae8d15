import type { LookupAddress } from 'node:dns';
import { Agent } from 'undici';
import { TestServer } from '../http-server.testkit.js';
import { readHttpRequestSettings } from '../settings.js';
import { guardedConnector, type Resolve } from './connector.js';
import { ReachPolicy } from './policy.js';

describe('the addresses a name leads to', () => {
  let server: TestServer;
  const agents: Agent[] = [];

  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterEach(() => server.reset());
  afterAll(async () => {
    await Promise.all(agents.map((agent) => agent.destroy()));
    await server.close();
  });

  /** Asks the server by a name, with DNS that gives these answers one after the other. */
  function asker(answers: readonly LookupAddress[][], environment: Record<string, string> = {}) {
    let asked = 0;
    const resolve: Resolve = (_, __, callback) =>
      callback(null, answers[Math.min(asked++, answers.length - 1)] as LookupAddress[]);
    const policy = new ReachPolicy(readHttpRequestSettings(environment));
    const agent = new Agent({ connect: guardedConnector(policy, { resolve }), keepAliveTimeout: 1 });
    agents.push(agent);
    const ask = async () => {
      const { statusCode, body } = await agent.request({
        origin: server.url('', 'name.test'),
        path: '/',
        method: 'GET',
        // Each request makes a connection of its own, and so asks DNS again.
        reset: true,
      });
      await body.dump();
      return statusCode;
    };
    return { ask, timesAsked: () => asked };
  }

  const loopback = { address: '127.0.0.1', family: 4 };

  it('are refused after DNS', async () => {
    await expect(asker([[loopback]]).ask()).rejects.toMatchObject({
      code: 'HTTP_ADDRESS_REFUSED',
      message: expect.stringContaining('name.test leads to 127.0.0.1'),
    });
    expect(server.seen).toEqual([]);
  });

  it('are refused where IPv6 wraps IPv4', async () => {
    await expect(asker([[{ address: '::ffff:127.0.0.1', family: 6 }]]).ask()).rejects.toMatchObject({
      code: 'HTTP_ADDRESS_REFUSED',
    });
    expect(server.seen).toEqual([]);
  });

  it('are checked in the one answer that is used: a second question could be answered otherwise', async () => {
    const { ask, timesAsked } = asker([[loopback], [{ address: '169.254.169.254', family: 4 }]], {
      HTTP_ALLOW_PRIVATE: 'true',
    });
    expect(await ask()).toBe(200);
    expect(timesAsked()).toBe(1);
    await expect(ask()).rejects.toMatchObject({ code: 'HTTP_ADDRESS_REFUSED' });
    expect(timesAsked()).toBe(2);
  });

  it('are left out one by one: a name keeps those that are allowed', async () => {
    const addresses = [
      { address: '169.254.169.254', family: 4 },
      { address: '0.0.0.0', family: 4 },
      loopback,
    ];
    expect(await asker([addresses], { HTTP_ALLOW_PRIVATE: 'true' }).ask()).toBe(200);
  });

  it('may be private for a host that is named, on the port that is named', async () => {
    expect(await asker([[loopback]], { HTTP_PRIVATE_HOSTS: `name.test:${server.port}` }).ask()).toBe(200);
    await expect(asker([[loopback]], { HTTP_PRIVATE_HOSTS: 'name.test:1' }).ask()).rejects.toMatchObject({
      code: 'HTTP_ADDRESS_REFUSED',
    });
  });

  it('are never 0.0.0.0, also for a host that is named', async () => {
    const { ask } = asker([[{ address: '0.0.0.0', family: 4 }]], { HTTP_PRIVATE_HOSTS: 'name.test' });
    await expect(ask()).rejects.toMatchObject({ code: 'HTTP_ADDRESS_REFUSED' });
  });

  it('must be some', async () => {
    await expect(asker([[]]).ask()).rejects.toMatchObject({ code: 'HTTP_ADDRESS_REFUSED' });
  });
});
