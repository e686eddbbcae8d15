import { Readable } from 'node:stream';
import { Logger } from '@nestjs/common';
import { Test } from '@nestjs/testing';
import { InvalidSettingsError } from '#libs/contracts';
import { FakeArtifacts } from '#libs/jobs/testing';
import { EmailSendHandler } from './email-send.handler.js';
import { EmailSendPlugin } from './email-send.plugin.js';
import { mail, send } from './email-send.testkit.js';
import { TestSmtpServer } from './smtp-server.testkit.js';

const MISMATCH = { kind: 'failed', retry: false, error: { code: 'PAYLOAD_MISMATCH' } };
const EMAIL_REFUSED = { kind: 'failed', retry: false, error: { code: 'EMAIL_REFUSED' } };

describe('email.send', () => {
  let server: TestSmtpServer;

  beforeAll(async () => {
    server = await TestSmtpServer.start();
  });
  afterEach(() => server.received.splice(0));
  afterAll(() => server.close());

  it('sends text, and tells what the server said', async () => {
    const { result, logs } = await send(server.port, mail({ subject: 'Grüße', text: 'Hallo\n.\nWelt' }));
    expect(result).toMatchObject({ accepted: ['ada@example.org'], rejected: [], response: '250 taken' });
    expect(server.received).toHaveLength(1);
    expect(server.last).toMatchObject({ from: 'jobs@shop.test', to: ['ada@example.org'] });
    expect(server.last.mail).toMatchObject({
      subject: 'Grüße',
      text: 'Hallo\n.\nWelt\n',
      html: false,
      messageId: result.messageId,
      from: { text: '"Shop" <jobs@shop.test>' },
    });
    expect(logs).toEqual([expect.stringContaining('taken for ada@example.org')]);
  });

  it('sends HTML, with a text made of it for those who read text', async () => {
    await send(server.port, mail({ text: undefined, html: '<p>Good <b>day</b></p><p>Bye</p>' }));
    expect(server.last.mail.html).toBe('<p>Good <b>day</b></p><p>Bye</p>');
    expect(server.last.mail.text).toBe('Good day\n\nBye');
  });

  it('sends a text of its own beside HTML', async () => {
    await send(server.port, mail({ text: 'words', html: '<p>markup</p>' }));
    expect(server.last.mail).toMatchObject({ text: 'words', html: '<p>markup</p>' });
  });

  it('goes to everybody once, and names in no header whom it goes to blindly', async () => {
    const to = [{ name: 'Ada, Lady', address: 'ada@example.org' }, 'bob@example.org'];
    const payload = mail({ to, cc: 'carl@example.org', bcc: ['eve@example.org', 'bob@example.org'] });
    await send(server.port, { ...payload, replyTo: 'help@shop.test' });
    expect([...server.last.to].sort()).toEqual(
      ['ada', 'bob', 'carl', 'eve'].map((name) => `${name}@example.org`),
    );
    expect(server.last.mail).toMatchObject({
      to: { value: [{ name: 'Ada, Lady', address: 'ada@example.org' }, { address: 'bob@example.org' }] },
      cc: { text: 'carl@example.org' },
      replyTo: { text: 'help@shop.test' },
    });
    expect(server.last.raw).not.toContain('eve@');
  });

  it.each([
    'Ada" <eve@evil.test>, "Lady',
    'Ada <eve@evil.test>',
    'Ada, eve@evil.test',
    'Ada; eve@evil.test',
    'Ada\\',
    '"Ada"',
    '(eve@evil.test)',
    'Group: eve@evil.test;',
    'Ada\u2028Bcc: eve@evil.test',
    '=?utf-8?q?Ada=0D=0ABcc:_eve@evil.test?=',
    'Ada ='.padEnd(200, 'ä'),
  ])('a name is never an address, nor a subject a header: %j', async (name) => {
    const to = [{ name, address: 'ada@example.org' }];
    const { outcome } = await send(
      server.port,
      mail({ to, replyTo: { name, address: 'help@shop.test' }, subject: name }),
    );
    expect(outcome.kind).toBe('completed');
    expect(server.last.to).toEqual(['ada@example.org']);
    const addresses = (list: unknown) =>
      (list as { value: { address: string }[] }).value.map(({ address }) => address);
    expect(addresses(server.last.mail.to)).toEqual(['ada@example.org']);
    expect(addresses(server.last.mail.replyTo)).toEqual(['help@shop.test']);
    expect([...server.last.mail.headers.keys()].sort()).toEqual([
      'content-transfer-encoding',
      'content-type',
      'date',
      'from',
      'message-id',
      'mime-version',
      'reply-to',
      'subject',
      'to',
    ]);
  });

  it('needs no visible recipient', async () => {
    await send(server.port, { bcc: 'eve@example.org', subject: 's', text: 't' });
    expect(server.last.to).toEqual(['eve@example.org']);
  });

  it('has headers of its own', async () => {
    await send(server.port, mail({ headers: { 'Auto-Submitted': 'auto-generated', 'X-Shop': 'green' } }));
    expect(server.last.mail.headers.get('auto-submitted')).toBe('auto-generated');
    expect(server.last.mail.headers.get('x-shop')).toBe('green');
  });

  it('has a message id that is the same in each attempt, and another for another job of that id', async () => {
    const ids: string[] = [];
    const at = new Date(0);
    for (const job of [{ createdAt: at }, { createdAt: at, attempt: 2 }, { createdAt: new Date(1) }]) {
      const { result } = await send(server.port, mail(), {}, { job: { id: 'any>\r\ntext', ...job } });
      ids.push(result.messageId);
    }
    expect(ids[0]).toMatch(/^<drover\.[0-9a-f]{40}@shop\.test>$/);
    expect(ids[1]).toBe(ids[0]);
    expect(ids[2]).not.toBe(ids[0]);
    expect(server.received.map(({ mail: { messageId } }) => messageId)).toEqual(ids);
  });

  it('is not sent again by a run after the one that sent it', async () => {
    const first = await send(server.port, mail());
    const again = await send(server.port, mail(), {}, { state: first.checkpoints.at(-1) });
    expect(again.result).toEqual(first.result);
    expect(server.received).toHaveLength(1);
  });

  describe('attachments', () => {
    it('come from the payload, with pictures for the HTML', async () => {
      const attachments = [
        { filename: 'grün.txt', content: Buffer.from('inline').toString('base64') },
        { filename: 'dot.png', content: 'iVBORw==', cid: 'dot', contentType: 'image/png' },
      ];
      await send(server.port, mail({ html: '<img src="cid:dot">', attachments }));
      const [picture, text] = server.last.mail.attachments.sort((a, b) =>
        a.contentType.localeCompare(b.contentType),
      );
      expect(text).toMatchObject({ filename: 'grün.txt', contentType: 'text/plain' });
      expect(text!.content.toString()).toBe('inline');
      expect(picture).toMatchObject({
        filename: 'dot.png',
        contentType: 'image/png',
        cid: 'dot',
        related: true,
      });
    });

    it('come from artifacts of any job, and are read while they are sent', async () => {
      const artifacts = new FakeArtifacts();
      const content = Buffer.alloc(2_000_000, 'report ');
      await artifacts.put({ jobId: 'other', name: 'report.csv' }, Readable.from([content]));
      const artifact = { jobId: 'other', name: 'report.csv' };
      const attachments = [
        { artifact },
        { artifact, filename: 'week 47.bin', contentType: 'application/x-week' },
      ];
      await send(server.port, mail({ attachments }), {}, { artifacts });
      const [first, second] = server.last.mail.attachments;
      expect(first).toMatchObject({ filename: 'report.csv', contentType: 'text/csv' });
      expect(first!.content.equals(content)).toBe(true);
      expect(second).toMatchObject({ filename: 'week 47.bin', contentType: 'application/x-week' });
    });

    it('must exist', async () => {
      const attachments = [{ artifact: { jobId: 'x', name: 'none.pdf' } }];
      expect((await send(server.port, mail({ attachments }))).outcome).toMatchObject({
        kind: 'failed',
        retry: false,
        error: { code: 'ARTIFACT_NOT_FOUND' },
      });
    });

    it('must not be too large together', async () => {
      const artifacts = new FakeArtifacts();
      await artifacts.put({ jobId: 'other', name: 'a.bin' }, Buffer.alloc(1500));
      const limits = { SMTP_MAX_ATTACHMENT_BYTES: '2000' };
      const attachments = (size: number) => [
        { filename: 'b.bin', content: Buffer.alloc(size).toString('base64') },
        { artifact: { jobId: 'other', name: 'a.bin' } },
      ];
      const fits = await send(server.port, mail({ attachments: attachments(500) }), limits, { artifacts });
      expect(fits.outcome.kind).toBe('completed');
      const large = await send(server.port, mail({ attachments: attachments(501) }), limits, { artifacts });
      expect(large.outcome).toMatchObject(EMAIL_REFUSED);
    });

    it.each([
      [{ path: '/etc/passwd' }],
      [{ filename: 'a', path: '/etc/passwd' }],
      [{ filename: 'a', href: 'http://127.0.0.1/' }],
      [{ filename: 'a', content: { path: '/etc/passwd' } }],
      [{ filename: 'a', raw: 'x' }],
      [{ filename: '../a', content: '' }],
      [{ filename: 'a\r\nX: 1', content: '' }],
      [{ filename: 'a', content: 'not base64!' }],
      [{ filename: 'a', content: '', contentType: 'text/plain\r\nX-Injected: 1' }],
      [{ filename: 'a', content: '', contentType: 'multipart/mixed; boundary=x' }],
      [{ filename: 'a', content: '', contentType: 'message/rfc822' }],
      [{ filename: 'a', content: '', cid: 'a>\r\nX: 1' }],
    ])('are never files or addresses, nor can they be anything else: %j', async (attachment) => {
      expect((await send(server.port, mail({ attachments: [attachment] }))).outcome).toMatchObject(MISMATCH);
      expect(server.received).toEqual([]);
    });
  });

  describe('refuses', () => {
    it.each([
      [{ to: [] }],
      [{ text: undefined }],
      [{ html: { path: '/etc/passwd' } }],
      [{ text: { href: 'http://127.0.0.1/' } }],
      [{ to: 'ada@example.org, eve@evil.test' }],
      [{ to: 'ada@example.org\r\nBcc: eve@evil.test' }],
      [{ to: { name: 'Ada\r\nBcc: eve@evil.test', address: 'ada@example.org' } }],
      [{ replyTo: 'x\nBcc: eve@evil.test' }],
      [{ subject: 'Hi\r\nBcc: eve@evil.test' }],
      [{ headers: { 'X-A': 'b\r\nBcc: eve@evil.test' } }],
      [{ headers: { 'X-A\r\nBcc': 'eve@evil.test' } }],
      [{ headers: { 'X-A: b': 'c' } }],
      [{ headers: { Bcc: 'eve@evil.test' } }],
      [{ headers: { From: 'boss@shop.test' } }],
      [{ headers: { 'Message-ID': '<1@a>' } }],
      [{ headers: { 'Content-Type': 'text/html' } }],
      [{ from: 'boss@shop.test' }],
      [{ envelope: { from: 'a@b' } }],
    ])('%j', async (payload) => {
      expect((await send(server.port, mail(payload))).outcome).toMatchObject(MISMATCH);
      expect(server.received).toEqual([]);
    });

    it('too many recipients', async () => {
      const limits = { SMTP_MAX_RECIPIENTS: '2' };
      const to = ['a@x.test', 'b@x.test', 'a@x.test'];
      expect((await send(server.port, mail({ to }), limits)).outcome.kind).toBe('completed');
      expect((await send(server.port, mail({ to, bcc: 'c@x.test' }), limits)).outcome).toMatchObject(
        EMAIL_REFUSED,
      );
    });

    it.each([
      ['ada@example.org', true],
      ['ada@EXAMPLE.org', true],
      ['ada@mail.example.org', false],
      ['ada@a.staff.test', true],
      ['ada@staff.test', false],
      ['ada@evilexample.org', false],
      ['ada@grün.test', true],
    ])('recipients outside the allowed domains: %s is allowed: %s', async (bcc, allowed) => {
      const settings = { SMTP_ALLOWED_DOMAINS: 'example.org, *.staff.test, GRÜN.test' };
      const { outcome } = await send(server.port, mail({ bcc }), settings);
      expect(outcome).toMatchObject(allowed ? { kind: 'completed' } : EMAIL_REFUSED);
    });
  });
});

describe('a worker', () => {
  it('without a mail server starts without the type, and says why', async () => {
    const lines: string[] = [];
    const log = jest
      .spyOn(Logger.prototype, 'log')
      .mockImplementation((line: string) => void lines.push(line));
    const module = await Test.createTestingModule({ imports: [EmailSendPlugin.forRoot({})] }).compile();
    await module.init();
    log.mockRestore();
    expect(() => module.get(EmailSendHandler, { strict: false })).toThrow();
    expect(lines).toContain('not available in this worker: SMTP_URL and SMTP_FROM are not set');
    await module.close();
  });

  it.each([
    [{ SMTP_URL: 'smtp://h' }, /SMTP_FROM: must be set/],
    [{ SMTP_URL: 'http://user:hunter22@h', SMTP_FROM: 'a@b.test' }, /SMTP_URL: must be smtp:/],
    [{ SMTP_URL: 'smtp://user:hunter22@h?pool=1', SMTP_FROM: 'a@b.test' }, /SMTP_URL: must be smtp:/],
    [{ SMTP_URL: 'smtp://user@h', SMTP_FROM: 'a@b.test' }, /SMTP_URL: must be smtp:/],
    [{ SMTP_URL: 'smtp://h', SMTP_FROM: 'a@b.test, c@d.test' }, /SMTP_FROM: must be an address/],
    [{ SMTP_URL: 'smtp://h', SMTP_FROM: 'a@b.test', SMTP_TLS: 'maybe' }, /SMTP_TLS: /],
    [
      { SMTP_URL: 'smtp://h', SMTP_FROM: 'a@b.test', SMTP_CA_FILE: '/no/such' },
      /SMTP_CA_FILE: cannot be read/,
    ],
    [{ SMTP_ALLOWED_DOMAINS: 'ada@example.org' }, /SMTP_ALLOWED_DOMAINS: must be domains/],
  ])('refuses settings it cannot use, and shows no password (%#)', (environment, message) => {
    const start = () => EmailSendPlugin.forRoot(environment);
    expect(start).toThrow(InvalidSettingsError);
    expect(start).toThrow(message);
    expect(start).not.toThrow('hunter22');
  });
});
