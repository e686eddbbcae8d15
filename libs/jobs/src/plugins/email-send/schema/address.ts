import { domainToASCII } from 'node:url';
import { z } from 'zod';

const LOCAL = /^[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+(\.[\p{L}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u;
const LABEL = /^[\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?$/u;
const MAX_LOCAL = 64;
const MAX_ADDRESS = 254;

/**
 * Whether a text is one plain address, `name@example.org`. Quoted names and comments, which the standard allows,
 * are not: mail programs disagree about whom they mean.
 */
export function isAddress(text: string): boolean {
  const at = text.lastIndexOf('@');
  const local = text.slice(0, Math.max(0, at));
  return (
    text.length <= MAX_ADDRESS &&
    local.length <= MAX_LOCAL &&
    LOCAL.test(local) &&
    text
      .slice(at + 1)
      .split('.')
      .every((label) => LABEL.test(label))
  );
}

/** Domain of an address as it is compared: in lower case and ASCII. */
export function domainOf(address: string): string {
  return domainToASCII(address.slice(address.lastIndexOf('@') + 1).toLowerCase());
}

const plainAddress = z.string().refine(isAddress, 'must be an address like ada@example.org');

/** Name of a person beside an address: anything without line breaks and other control characters. */
export const displayName = z
  .string()
  .max(200)
  .regex(/^\P{Cc}*$/u, 'must have no line breaks or other control characters');

/** `ada@example.org`, or `{ name, address }`. */
export const mailAddress = z
  .union([plainAddress, z.strictObject({ name: displayName, address: plainAddress })])
  .transform((given) => (typeof given === 'string' ? { name: '', address: given } : given));

export type MailAddress = z.output<typeof mailAddress>;

/** One address or several; gives a list. */
export const mailAddresses = z
  .union([mailAddress, z.array(mailAddress).max(1000)])
  .transform((given) => (Array.isArray(given) ? given : [given]));
