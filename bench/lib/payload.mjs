/**
 * Makes the payload of job `n`.
 * @param bytes about how long it is as JSON; without it, nothing but the number
 */
export function makePayload(bytes) {
  if (!bytes) return (n) => ({ n });
  const message = { to: 'ada@example.org', subject: 'Your order is on its way', locale: 'en-GB', body: '' };
  const missing = bytes - JSON.stringify({ n: 10_000, ...message }).length;
  const body = 'Lorem ipsum dolor sit amet, consectetur. '.repeat(Math.ceil(bytes / 40)).slice(0, missing);
  return (n) => ({ n, ...message, body });
}
