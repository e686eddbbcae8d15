import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { FakeArtifacts } from '#libs/jobs/testing';
import { Test } from '@nestjs/testing';
import type { SMTPServerOptions } from 'smtp-server';
import { STOP_REASONS } from '../../framework/index.js';
import { TEST_CERTIFICATE } from '../../../../../tests/support/certificate.js';
import { waitFor } from '../../../../../tests/support/wait.js';
import { EmailSendPlugin } from './email-send.plugin.js';
import { mail, send } from './email-send.testkit.js';
import { Mailer } from './smtp/mailer.js';
import { refusal, TestSmtpServer } from './smtp-server.testkit.js';

const servers: TestSmtpServer[] = [];

async function start(options?: SMTPServerOptions): Promise<TestSmtpServer> {
  const server = await TestSmtpServer.start(options);
  servers.push(server);
  return server;
}

afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())));

const failed = (code: string, retry: boolean, responseCode?: number) => ({
  kind: 'failed',
  retry,
  error: { code, ...(responseCode === undefined ? {} : { responseCode }) },
});

describe('answers of the server', () => {
  it.each([
    [450, 'EMAIL_FAILED', true],
    [421, 'EMAIL_FAILED', true],
    [550, 'EMAIL_REJECTED', false],
    [503, 'EMAIL_FAILED', true],
  ])('%i to the recipient: %s, tried again: %s', async (code, error, retry) => {
    const { port } = await start({ onRcptTo: (_, __, done) => done(refusal(code, 'not now')) });
    const run = await send(port, mail());
    expect(run.outcome).toMatchObject(failed(error, retry, code));
    expect(run.error?.message).toContain(`${code} not now`);
    expect(run.checkpoints).toEqual([]);
  });

  it.each([
    [452, 'EMAIL_FAILED', true],
    [554, 'EMAIL_REJECTED', false],
  ])('%i to the message: %s, tried again: %s', async (code, error, retry) => {
    const { port } = await start({
      onData: (stream, _, done) => {
        stream.resume().on('end', () => done(refusal(code, 'no')));
      },
    });
    expect((await send(port, mail())).outcome).toMatchObject(failed(error, retry, code));
  });

  it('a part of the recipients refused is a success that names them', async () => {
    const server = await start({
      onRcptTo: ({ address }, _, done) =>
        address.startsWith('no') ? done(refusal(550, `no ${address} here`)) : done(),
    });
    const { result, logs } = await send(server.port, mail({ cc: ['no-one@example.org', 'bob@example.org'] }));
    expect(result).toMatchObject({
      accepted: ['ada@example.org', 'bob@example.org'],
      rejected: [{ address: 'no-one@example.org', response: '550 no no-one@example.org here' }],
    });
    expect(server.last.to).toEqual(['ada@example.org', 'bob@example.org']);
    expect(logs[0]).toMatch(/^WARN refused for no-one@example.org: 550/);
  });

  it('all recipients refused, one of them for now: tried again', async () => {
    const { port } = await start({
      onRcptTo: ({ address }, _, done) =>
        done(address.startsWith('later') ? refusal(451, 'later') : refusal(550, 'never')),
    });
    const { outcome } = await send(port, mail({ cc: ['later@example.org', 'no@example.org'] }));
    expect(outcome).toMatchObject(failed('EMAIL_FAILED', true, 451));
  });
});

describe('signing in', () => {
  const onAuth: SMTPServerOptions['onAuth'] = ({ username, password }, _, done) =>
    username === 'ada@shop.test' && password === 'p@ss:w/rd'
      ? done(null, { user: username })
      : done(refusal(535, 'wrong'));
  const url = (port: number, password: string) =>
    `smtp://${encodeURIComponent('ada@shop.test')}:${encodeURIComponent(password)}@127.0.0.1:${port}`;

  it('with the user and password of SMTP_URL', async () => {
    const server = await start({ authOptional: false, allowInsecureAuth: true, onAuth });
    await send(server.port, mail(), { SMTP_URL: url(server.port, 'p@ss:w/rd') });
    expect(server.last.user).toBe('ada@shop.test');
  });

  it('in vain fails for good, and does not show the password', async () => {
    const { port } = await start({ authOptional: false, allowInsecureAuth: true, onAuth });
    const run = await send(port, mail(), { SMTP_URL: url(port, 'other-secret') });
    expect(run.outcome).toMatchObject(failed('EMAIL_REJECTED', false, 535));
    const encoded = Buffer.from('other-secret').toString('base64').slice(0, 12);
    for (const text of [run.error?.message, run.error?.stack, ...run.logs, ...run.warnings]) {
      expect(text).not.toContain('other-secret');
      expect(text).not.toContain(encoded);
    }
  });
});

describe('encryption', () => {
  let folder: string;
  let environment: Record<string, string>;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'drover-mail-'));
    await writeFile(join(folder, 'ca.pem'), TEST_CERTIFICATE.cert);
    environment = { SMTP_CA_FILE: join(folder, 'ca.pem') };
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('begins by STARTTLS where the server offers it', async () => {
    const server = await start(TEST_CERTIFICATE);
    await send(server.port, mail(), environment);
    expect(server.last.secure).toBe(true);
  });

  it('is there from the first byte with smtps', async () => {
    const server = await start({ ...TEST_CERTIFICATE, secure: true });
    const run = await send(server.port, mail(), {
      ...environment,
      SMTP_URL: `smtps://127.0.0.1:${server.port}`,
    });
    expect(run.outcome.kind).toBe('completed');
    expect(server.last.secure).toBe(true);
  });

  it('is refused with a certificate that nobody vouches for', async () => {
    const server = await start(TEST_CERTIFICATE);
    expect((await send(server.port, mail())).outcome).toMatchObject(failed('EMAIL_FAILED', true));
    expect(server.received).toEqual([]);
  });

  it('is insisted on where it is required', async () => {
    const server = await start();
    expect((await send(server.port, mail(), { SMTP_TLS: 'required' })).outcome).toMatchObject(
      failed('EMAIL_FAILED', true),
    );
    expect(server.received).toEqual([]);
  });

  it('is insisted on also where STARTTLS is offered and then denied', async () => {
    const denying = createServer((socket) => {
      socket.on('error', () => undefined).write('220 hello\r\n');
      socket.on('data', (line) => {
        socket.write(
          String(line).startsWith('STARTTLS') ? '454 not now\r\n' : '250-hello\r\n250 STARTTLS\r\n',
        );
      });
    }).listen(0, '127.0.0.1');
    await once(denying, 'listening');
    const { port } = denying.address() as AddressInfo;
    const run = await send(port, mail(), { SMTP_TLS: 'required', SMTP_TIMEOUT_SECONDS: '5' });
    expect(run.outcome).toMatchObject(failed('EMAIL_FAILED', true));
    denying.close();
  });

  it('is not begun where it is not wanted', async () => {
    const server = await start(TEST_CERTIFICATE);
    await send(server.port, mail(), { SMTP_TLS: 'never' });
    expect(server.last.secure).toBe(false);
  });
});

describe('a connection that breaks', () => {
  /** A server that says these lines, one for each the client says, and then hangs up. */
  async function rude(lines: readonly string[]) {
    const server = createServer((socket: Socket) => {
      const left = [...lines];
      const next = () => {
        const line = left.shift();
        if (line === undefined) socket.destroy();
        else socket.write(`${line}\r\n`);
      };
      socket.on('error', () => undefined).on('data', next);
      next();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    return { port: (server.address() as AddressInfo).port, close: () => server.close() };
  }

  it.each([
    ['before the greeting', []],
    ['after it', ['220 hello']],
    ['after the sender', ['220 hello', '250 hello', '250 sender ok']],
    [
      'in the middle of the message',
      ['220 hello', '250 hello', '250 sender ok', '250 recipient ok', '354 go on'],
    ],
  ])('%s is tried again', async (_, lines) => {
    const { port, close } = await rude(lines);
    const run = await send(port, mail({ text: 'x\n'.repeat(100_000) }));
    expect(run.outcome).toMatchObject(failed('EMAIL_FAILED', true));
    expect(run.checkpoints).toEqual([]);
    close();
  });

  it('cannot be made: tried again', async () => {
    const { port, close } = await rude([]);
    close();
    const { outcome, error } = await send(port, mail());
    expect(outcome).toMatchObject(failed('EMAIL_FAILED', true));
    expect(error?.message).toContain('ECONNREFUSED');
  });

  it('is silent for too long: tried again', async () => {
    const { port, close } = await rude(['220 hello', '']);
    const { outcome } = await send(port, mail(), { SMTP_TIMEOUT_SECONDS: '1' });
    expect(outcome).toMatchObject(failed('EMAIL_FAILED', true));
    close();
  });

  it('an artifact that cannot be read to its end is not sent by half', async () => {
    const server = await start();
    const artifacts = new FakeArtifacts();
    await artifacts.put({ jobId: '1', name: 'a.bin' }, Buffer.alloc(1000));
    artifacts.open = async (reference) => ({
      ...reference,
      size: 1000,
      contentType: 'text/plain',
      createdAt: '',
      stream: Readable.from(
        (function* () {
          yield Buffer.alloc(500, 'x');
          throw new Error('disk is broken');
        })(),
      ),
    });
    const attachments = [{ artifact: { jobId: '1', name: 'a.bin' } }];
    const { outcome, error } = await send(server.port, mail({ attachments }), {}, { artifacts });
    expect(outcome).toMatchObject(failed('EMAIL_FAILED', true));
    expect(error?.message).toContain('disk is broken');
    expect(server.received).toEqual([]);
  });
});

describe('a job that is to stop', () => {
  it('closes its connection, and the message is not taken', async () => {
    const stop = new AbortController();
    const server = await start({
      onRcptTo: (_, __, done) => {
        stop.abort(STOP_REASONS.cancelled);
        setImmediate(done);
      },
    });
    const { outcome } = await send(server.port, mail(), {}, { signal: stop.signal });
    expect(outcome.kind).toBe('cancelled');
    expect(server.received).toEqual([]);
  });
});

describe('the pool', () => {
  it('sends over the connection that is there, and closes it with the worker', async () => {
    let open = 0;
    const server = await start({
      onClose: () => void open--,
      onConnect: (_, done) => {
        open++;
        server.connections++;
        done();
      },
    });
    const environment = { SMTP_URL: `smtp://127.0.0.1:${server.port}`, SMTP_FROM: 'jobs@shop.test' };
    const module = await Test.createTestingModule({
      imports: [EmailSendPlugin.forRoot(environment)],
    }).compile();
    await module.init();
    const mailer = module.get(Mailer, { strict: false });
    const from = { name: '', address: 'jobs@shop.test' };
    const message = { from, to: [], cc: [], subject: 's', text: 't', headers: {}, attachments: [] };
    for (const id of ['<1@a>', '<2@a>', '<3@a>']) {
      const outgoing = { ...message, messageId: id, recipients: ['ada@example.org'] };
      await mailer.send(outgoing, new AbortController().signal);
    }
    expect(server.received).toHaveLength(3);
    expect(server.connections).toBe(1);
    expect(open).toBe(1);
    await module.close();
    await waitFor(() => open === 0, { what: 'the connection to be closed' });
  });
});
