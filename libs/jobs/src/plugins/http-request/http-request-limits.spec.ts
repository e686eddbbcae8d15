import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { FolderArtifacts } from '#libs/artifacts';
import { STOP_REASONS } from '../../framework/index.js';
import { waitFor } from '../../../../../tests/support/wait.js';
import { request } from './http-request.testkit.js';
import { TestServer } from './http-server.testkit.js';

const KIB = 1024;

describe('limits of http.request', () => {
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start();
  });
  afterEach(() => server.reset());
  afterAll(() => server.close());

  const failedForGood = (code: string) => ({ kind: 'failed', retry: false, error: { code } });

  describe('size', () => {
    const toResult = (maxBytes: number) => ({ url: server.url(), response: { to: 'result', maxBytes } });

    it.each([
      [4, 'completed'],
      [3, 'failed'],
    ])('of four bytes %i are allowed: %s', async (maxBytes, kind) => {
      server.answer = (_, response) => void response.end('four');
      expect((await request(toResult(maxBytes))).outcome.kind).toBe(kind);
    });

    it('a response that says it is too large is not read', async () => {
      server.answer = (_, response) => {
        // Never sent: the answer must not wait for it.
        response.writeHead(200, { 'content-length': '10000000' }).write('x');
      };
      expect((await request(toResult(1000))).outcome).toMatchObject(failedForGood('HTTP_RESPONSE_TOO_LARGE'));
    });

    it('an endless response is stopped', async () => {
      let closed = false;
      server.answer = (_, response) => {
        response.on('close', () => (closed = true));
        const more = () => {
          while (!closed && response.write(Buffer.alloc(16 * KIB)));
        };
        response.on('drain', more);
        more();
      };
      expect((await request(toResult(100_000))).outcome).toMatchObject(
        failedForGood('HTTP_RESPONSE_TOO_LARGE'),
      );
      await waitFor(() => closed, { what: 'the server to see the connection closed' });
    });

    it.each([
      ['gzip', gzipSync],
      ['br', brotliCompressSync],
      ['gzip, gzip', (bytes: Buffer) => gzipSync(gzipSync(bytes))],
    ])('a small %s that unpacks to 16 MiB is stopped', async (coding, pack) => {
      const bomb = pack(Buffer.alloc(16 * KIB * KIB));
      expect(bomb.length).toBeLessThan(100_000);
      server.answer = (_, response) => void response.writeHead(200, { 'content-encoding': coding }).end(bomb);
      expect((await request(toResult(100_000))).outcome).toMatchObject(
        failedForGood('HTTP_RESPONSE_TOO_LARGE'),
      );
    });

    it.each(['zstd', 'gzip, gzip, gzip, gzip'])('the coding "%s" is refused', async (coding) => {
      server.answer = (_, response) => void response.writeHead(200, { 'content-encoding': coding }).end('x');
      expect((await request(toResult(100_000))).outcome).toMatchObject(
        failedForGood('HTTP_RESPONSE_UNREADABLE'),
      );
    });

    it('a packed response that is cut short fails, and may be tried again', async () => {
      const whole = gzipSync(Buffer.alloc(1000, 'x'));
      server.answer = (_, response) => {
        response.writeHead(200, { 'content-encoding': 'gzip' }).end(whole.subarray(0, whole.length - 10));
      };
      expect((await request(toResult(100_000))).outcome).toMatchObject({
        kind: 'failed',
        retry: true,
        error: { code: 'HTTP_REQUEST_FAILED' },
      });
    });

    it('nothing is left of an artifact that turned out too large', async () => {
      const root = await mkdtemp(join(tmpdir(), 'drover-http-'));
      const artifacts = new FolderArtifacts(root);
      server.answer = (_, response) => {
        response.write(Buffer.alloc(50_000));
        response.end(Buffer.alloc(60_000));
      };
      const response = { to: 'artifact', name: 'a.bin', maxBytes: 100_000 };
      const { outcome } = await request({ url: server.url(), response }, {}, { artifacts });
      expect(outcome).toMatchObject(failedForGood('HTTP_RESPONSE_TOO_LARGE'));
      expect(await artifacts.list('1')).toEqual([]);
      const files = await readdir(root, { recursive: true, withFileTypes: true });
      expect(files.filter((file) => file.isFile())).toEqual([]);
      await rm(root, { recursive: true });
    });

    it('a limit of the store fails the job for good', async () => {
      const root = await mkdtemp(join(tmpdir(), 'drover-http-'));
      server.answer = (_, response) => void response.end(Buffer.alloc(2000));
      const response = { to: 'artifact', name: 'a.bin' };
      const artifacts = new FolderArtifacts(root, { maxBytes: 1000 });
      const { outcome } = await request({ url: server.url(), response }, {}, { artifacts });
      expect(outcome).toMatchObject(failedForGood('ARTIFACT_TOO_LARGE'));
      await rm(root, { recursive: true });
    });

    it.each([
      [{ response: { to: 'result', maxBytes: 101 } }, { HTTP_MAX_RESULT_BYTES: '100' }],
      [{ response: { to: 'artifact', name: 'a', maxBytes: 101 } }, { HTTP_MAX_ARTIFACT_BYTES: '100' }],
      [{ redirects: 4 }, { HTTP_MAX_REDIRECTS: '3' }],
    ])('a job cannot ask for more than the settings allow (%#)', async (payload, environment) => {
      const run = await request({ url: server.url(), ...payload }, environment);
      expect(run.outcome).toMatchObject(failedForGood('HTTP_REQUEST_REFUSED'));
      expect(run.error?.message).toContain(Object.keys(environment)[0]);
      expect(server.seen).toEqual([]);
    });

    it('the settings are the limits of jobs that ask for nothing', async () => {
      server.answer = (_, response) => void response.end('four');
      const { outcome } = await request({ url: server.url() }, { HTTP_MAX_RESULT_BYTES: '3' });
      expect(outcome).toMatchObject(failedForGood('HTTP_RESPONSE_TOO_LARGE'));
    });
  });

  describe('time', () => {
    const tooSlow = { kind: 'failed', retry: true, error: { code: 'HTTP_REQUEST_TIMEOUT', timeoutMs: 50 } };

    it('a server that does not answer is given up', async () => {
      server.answer = () => undefined;
      expect((await request({ url: server.url(), timeout: 50 })).outcome).toMatchObject(tooSlow);
    });

    it('so is one that stops in the middle of a body', async () => {
      server.answer = (_, response) => void response.write('x');
      expect((await request({ url: server.url(), timeout: 50 })).outcome).toMatchObject(tooSlow);
    });

    it('so is one that stops in the middle of a download', async () => {
      server.answer = (_, response) => void response.write('x');
      const response = { to: 'artifact', name: 'a' };
      const run = await request({ url: server.url(), timeout: 50, response });
      expect(run.outcome).toMatchObject(tooSlow);
      expect(await run.artifacts.list('1')).toEqual([]);
    });

    it('redirects count in the same time', async () => {
      server.answer = (_, response) => {
        setTimeout(() => response.writeHead(302, { location: '/' }).end(), 20);
      };
      expect((await request({ url: server.url(), timeout: 50 })).outcome).toMatchObject(tooSlow);
    });
  });

  describe('a job that is to stop', () => {
    it('closes its connection at once', async () => {
      let closed = false;
      const stop = new AbortController();
      server.answer = (_, response) => {
        response.on('close', () => (closed = true));
        response.write('x');
        stop.abort(STOP_REASONS.cancelled);
      };
      const { outcome } = await request({ url: server.url() }, {}, { signal: stop.signal });
      expect(outcome.kind).toBe('cancelled');
      await waitFor(() => closed, { what: 'the server to see the connection closed' });
    });

    it('goes back to the queue when it is the worker that stops', async () => {
      const stop = new AbortController();
      server.answer = () => stop.abort(STOP_REASONS.stopping);
      const { outcome } = await request({ url: server.url() }, {}, { signal: stop.signal });
      expect(outcome.kind).toBe('released');
    });
  });

  describe('a broken connection may be tried again', () => {
    const broken = { kind: 'failed', retry: true, error: { code: 'HTTP_REQUEST_FAILED' } };

    it('when nobody listens', async () => {
      const none = createServer().listen(0, '127.0.0.1');
      await once(none, 'listening');
      const { port } = none.address() as AddressInfo;
      await new Promise((resolve) => none.close(resolve));
      const { outcome, error } = await request({ url: `http://127.0.0.1:${port}/` });
      expect(outcome).toMatchObject(broken);
      expect(error?.message).toContain('ECONNREFUSED');
    });

    it('when the name is unknown', async () => {
      const { outcome } = await request({ url: 'http://no-such-host.invalid/' });
      expect(outcome).toMatchObject(broken);
    });

    it.each([
      ['before the answer', ''],
      ['in the middle of it', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc'],
      ['with what is no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
    ])('when the server hangs up %s', async (_, said) => {
      const rude = createServer((socket) => {
        socket.on('error', () => undefined).once('data', () => socket.end(said));
      }).listen(0, '127.0.0.1');
      await once(rude, 'listening');
      const { port } = rude.address() as AddressInfo;
      expect((await request({ url: `http://127.0.0.1:${port}/` })).outcome).toMatchObject(broken);
      await new Promise((resolve) => rude.close(resolve));
    });
  });
});
