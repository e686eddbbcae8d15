import { Injectable, type OnModuleDestroy } from '@nestjs/common';
import { createTransport } from 'nodemailer';
import type { Attachment } from '../message/attachments.js';
import { canonicalHost, isLoopback } from '../../support/addresses.js';
import type { MailAddress } from '../schema/address.js';
import type { EmailSendSettings } from '../settings.js';
import { sendFailure } from './failure.js';

/** A message that is ready to go. */
export interface OutgoingMail {
  readonly messageId: string;
  readonly from: MailAddress;
  readonly to: readonly MailAddress[];
  readonly cc: readonly MailAddress[];
  readonly replyTo?: MailAddress;
  readonly subject: string;
  readonly text: string;
  readonly html?: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly attachments: readonly Attachment[];
  /** Everybody who gets it, also those whom no header names. */
  readonly recipients: readonly string[];
}

/** What the server said to a message it took. */
export interface Delivery {
  readonly accepted: string[];
  readonly rejected: { readonly address: string; readonly response: string }[];
  readonly response: string;
}

type RecipientError = Error & { recipient?: string; response?: string };

/** Sends mail over a pool of connections to one server. */
@Injectable()
export class Mailer implements OnModuleDestroy {
  private readonly transport;

  /** @param ca certificate of the server's authority, PEM. Default: those Node.js knows. */
  constructor(settings: EmailSendSettings, ca?: string) {
    this.transport = createTransport({
      ...connectionOf(settings, ca),
      pool: true,
      maxConnections: settings.SMTP_POOL_SIZE,
      maxMessages: settings.SMTP_MESSAGES_PER_CONNECTION,
      ...(settings.SMTP_RATE_PER_SECOND === 0
        ? {}
        : { rateDelta: 1000, rateLimit: settings.SMTP_RATE_PER_SECOND }),
      // Once more where a connection was closed before anything went over it; all else is the job's to try again.
      maxRequeues: 1,
      // Neither content nor attachments can ever make the worker read a file or ask a server.
      disableFileAccess: true,
      disableUrlAccess: true,
    });
    // Errors of idle connections; those of messages reject `send`.
    this.transport.on('error', () => undefined);
  }

  onModuleDestroy(): void {
    this.transport.close();
  }

  /**
   * Sends one message.
   *
   * @param signal ends it: the connection is closed before the server can take the message.
   * @throws {EmailRejectedError} when the server does not want it for anybody, for good.
   * @throws {EmailFailedError} when another attempt may do better.
   */
  async send({ recipients, ...mail }: OutgoingMail, signal: AbortSignal): Promise<Delivery> {
    try {
      const info = await this.transport.sendMail({
        ...mail,
        to: [...mail.to],
        cc: [...mail.cc],
        attachments: mail.attachments.map((attachment) => ({ ...attachment })),
        envelope: { from: mail.from.address, to: [...recipients] },
        xMailer: false,
        signal,
      });
      const rejected = (info.rejectedErrors ?? []) as RecipientError[];
      return {
        accepted: info.accepted.map(addressOf),
        rejected: rejected.map(({ recipient = '', response = '' }) => ({ address: recipient, response })),
        response: info.response,
      };
    } catch (error) {
      signal.throwIfAborted();
      throw sendFailure(error);
    }
  }
}

/** Where the server is, and what of the conversation is encrypted. */
function connectionOf({ SMTP_URL: server, SMTP_TLS, SMTP_TIMEOUT_SECONDS }: EmailSendSettings, ca?: string) {
  const { host, port, secure, auth } = server;
  const timeout = SMTP_TIMEOUT_SECONDS * 1000;
  return {
    host,
    port,
    secure,
    auth: auth && { ...auth },
    // A password does not leave this machine unencrypted, even if somebody on the way hides that the server could.
    requireTLS:
      SMTP_TLS === 'required' ||
      (SMTP_TLS === 'auto' && auth !== undefined && !isLoopback(canonicalHost(host) ?? host)),
    ignoreTLS: SMTP_TLS === 'never',
    tls: { minVersion: 'TLSv1.2' as const, ...(ca === undefined ? {} : { ca }) },
    connectionTimeout: timeout,
    greetingTimeout: timeout,
    socketTimeout: timeout,
    dnsTimeout: timeout,
  };
}

function addressOf(accepted: string | { address: string }): string {
  return typeof accepted === 'string' ? accepted : accepted.address;
}
