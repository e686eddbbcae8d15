import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A message as the server got it. */
export interface Received {
  readonly from: string;
  readonly to: readonly string[];
  readonly user: string | undefined;
  readonly secure: boolean;
  readonly raw: string;
  readonly mail: ParsedMail;
}

/** Error that the server answers with. */
export function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

/** A real SMTP server on a free port, without TLS and authentication unless asked for. */
export class TestSmtpServer {
  readonly received: Received[] = [];
  /** Connections so far. */
  connections = 0;
  private constructor(private readonly server: SMTPServer) {}

  static async start(options: SMTPServerOptions = {}): Promise<TestSmtpServer> {
    const server = new SMTPServer({
      authOptional: true,
      disabledCommands: options.key ? [] : ['STARTTLS'],
      closeTimeout: 10,
      onConnect: (_, done) => {
        started.connections++;
        done();
      },
      onData: (stream, session, done) => {
        const keep = async (raw: Buffer) => {
          const { mailFrom, rcptTo } = session.envelope;
          started.received.push({
            from: mailFrom === false ? '' : mailFrom.address,
            to: rcptTo.map(({ address }) => address),
            user: session.user as string | undefined,
            secure: session.secure,
            raw: raw.toString(),
            mail: await simpleParser(raw),
          });
          done(null, 'taken');
        };
        // A client that hangs up in the middle has sent no message.
        void buffer(stream).then(keep, () => undefined);
      },
      ...options,
    });
    const started = new TestSmtpServer(server);
    // Clients that leave in the middle are what some tests are about.
    server.on('error', () => undefined);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return started;
  }

  get port(): number {
    return (this.server.server.address() as AddressInfo).port;
  }

  get last(): Received {
    return this.received.at(-1) as Received;
  }

  close(): Promise<void> {
    return new Promise((resolve) => this.server.close(resolve));
  }
}
