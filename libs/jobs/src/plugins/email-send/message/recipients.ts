import { isAmong, type HostPattern } from '../../support/host-pattern.js';
import { EmailRefusedError } from '../errors.js';
import { domainOf } from '../schema/address.js';
import type { EmailSendPayload } from '../schema/payload.js';
import type { EmailSendSettings } from '../settings.js';

type Limits = Pick<EmailSendSettings, 'SMTP_MAX_RECIPIENTS' | 'SMTP_ALLOWED_DOMAINS'>;

/**
 * Everybody a message goes to, each once.
 *
 * @throws {EmailRefusedError} for too many of them, or one whose domain is not allowed.
 */
export function recipientsOf(
  { to, cc, bcc }: Pick<EmailSendPayload, 'to' | 'cc' | 'bcc'>,
  { SMTP_MAX_RECIPIENTS, SMTP_ALLOWED_DOMAINS }: Limits,
): string[] {
  const recipients = [...new Set([...to, ...cc, ...bcc].map(({ address }) => address))];
  if (recipients.length > SMTP_MAX_RECIPIENTS) {
    throw new EmailRefusedError(
      `the message has ${recipients.length} recipients, but may have ${SMTP_MAX_RECIPIENTS} (SMTP_MAX_RECIPIENTS)`,
    );
  }
  const strangers = recipients.filter((address) => !isAllowed(domainOf(address), SMTP_ALLOWED_DOMAINS));
  if (strangers.length === 0) return recipients;
  throw new EmailRefusedError(
    `mail may not be sent to ${strangers.slice(0, 5).join(', ')}: not in SMTP_ALLOWED_DOMAINS`,
  );
}

function isAllowed(host: string, allowed: readonly HostPattern[]): boolean {
  return allowed.length === 0 || isAmong(allowed, { host, port: 25 });
}
