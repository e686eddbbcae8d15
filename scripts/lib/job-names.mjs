import { UserError } from './messages.mjs';

/** Words of small letters and digits: what is left when a type becomes the name of a class, a file and a variable. */
const TYPE = /^[a-z][a-z0-9]*([.-][a-z0-9]+)*$/;
const MAX_LENGTH = 100;
const EVERY = /^\d+(\.\d+)?(ms|s|m|h|d)$/;
const CRON = /^[\d*/,\-?LW#A-Za-z]+( +[\d*/,\-?LW#A-Za-z]+){4,5}$/;

/** The names a job type gives: `mail.digest` is `mail-digest.*`, `MailDigestHandler`, `DROVER_TYPE__MAIL_DIGEST__...`. */
export function namesOf(type) {
  if (!TYPE.test(type) || type.length > MAX_LENGTH) {
    throw new UserError(
      `${JSON.stringify(type)} cannot be a job type here: small letters and digits, words joined by dots or hyphens, ` +
        `at most ${MAX_LENGTH} characters, such as mail.digest`,
    );
  }
  const words = type.split(/[.-]/);
  const pascal = words.map((word) => word[0].toUpperCase() + word.slice(1)).join('');
  return { type, pascal, camel: pascal[0].toLowerCase() + pascal.slice(1), file: words.join('-') };
}

/** The text of a schedule's option: `every: '5m'` or `cron: '0 7 * * *'`. */
export function scheduleOf(text) {
  const given = text.trim();
  if (EVERY.test(given)) return `every: '${given}'`;
  if (CRON.test(given)) return `cron: '${given}'`;
  throw new UserError(
    `--schedule ${JSON.stringify(text)} is neither a time such as 30s, 5m or 1h nor a cron expression such as "0 7 * * 1-5"`,
  );
}
