import { InvalidSettingsError, listOf, readSettings, wholeNumber, type Environment } from '#libs/contracts';
import { z } from 'zod';
import { isAddress as isHostAddress } from '../support/addresses.js';
import { parseHostPattern, type HostPattern } from '../support/host-pattern.js';
import { isAddress, type MailAddress } from './schema/address.js';
import { parseSmtpUrl, type SmtpServer } from './smtp/url.js';

const MIB = 1024 * 1024;

const sender = z.string().transform((text, context): MailAddress => {
  const [, name = '', inBrackets] = /^\s*"?([^"<>\p{Cc}]*?)"?\s*<([^<>\s]+)>\s*$/u.exec(text) ?? [];
  const address = inBrackets ?? text.trim();
  if (isAddress(address)) return { name, address };
  context.addIssue({
    code: 'custom',
    message: 'must be an address: jobs@example.org, or Shop <jobs@example.org>',
  });
  return z.NEVER;
});

const server = z.string().transform((text, context): SmtpServer => {
  const parsed = parseSmtpUrl(text);
  if (parsed) return parsed;
  context.addIssue({
    code: 'custom',
    message: 'must be smtp://host:port or smtps://host:port, with user:password@ before the host if needed',
  });
  return z.NEVER;
});

/** A domain, or `*.example.org` for all below it. */
const domain = z.string().transform((text, context): HostPattern => {
  const pattern = parseHostPattern(text);
  if (pattern && pattern.means !== 'block' && pattern.port === undefined && !isHostAddress(pattern.host)) {
    return pattern;
  }
  context.addIssue({
    code: 'custom',
    message: 'must be domains like example.org or *.example.org, separated by commas',
  });
  return z.NEVER;
});

/** Settings of the plugin, by their environment names. `.env.example` says what each means. */
const emailSendSettingsSchema = z.object({
  SMTP_URL: server.optional(),
  SMTP_FROM: sender.optional(),
  SMTP_TLS: z.enum(['auto', 'required', 'never']).default('auto'),
  SMTP_CA_FILE: z.string().optional(),
  SMTP_POOL_SIZE: wholeNumber(1, 100).default(5),
  SMTP_MESSAGES_PER_CONNECTION: wholeNumber(1, 100_000).default(100),
  SMTP_RATE_PER_SECOND: wholeNumber(0, 10_000).default(0),
  SMTP_TIMEOUT_SECONDS: wholeNumber(1, 600).default(30),
  SMTP_MAX_RECIPIENTS: wholeNumber(1, 10_000).default(50),
  SMTP_ALLOWED_DOMAINS: listOf(domain),
  SMTP_MAX_ATTACHMENT_BYTES: wholeNumber(1024, 1024 * MIB).default(25 * MIB),
});

/** Settings as they are read; without `SMTP_URL` there is no mail server. */
export type EmailSendSettingsRead = z.output<typeof emailSendSettingsSchema>;

/** Settings of a plugin that is configured. */
export type EmailSendSettings = EmailSendSettingsRead & {
  readonly SMTP_URL: SmtpServer;
  readonly SMTP_FROM: MailAddress;
};

/** Injection token of the plugin's {@link EmailSendSettings}. */
export const EMAIL_SEND_SETTINGS = Symbol('drover:email-send-settings');

/** @throws {InvalidSettingsError} naming every setting that is wrong; values of `SMTP_URL` are not shown. */
export function readEmailSendSettings(environment: Environment): EmailSendSettingsRead {
  const settings = readSettings(emailSendSettingsSchema, environment, ['SMTP_URL']);
  if (settings.SMTP_URL && !settings.SMTP_FROM) {
    throw new InvalidSettingsError(['SMTP_FROM: must be set where SMTP_URL is: who the mail is from']);
  }
  return settings;
}

export function isConfigured(settings: EmailSendSettingsRead): settings is EmailSendSettings {
  return settings.SMTP_URL !== undefined && settings.SMTP_FROM !== undefined;
}
