import type { Problem } from '#libs/contracts';
import type { RequestFacts } from '../problems/to-problem.js';

/** What Bull Board answers when it refuses: a key of its translations, or words. */
interface Refused {
  error?: Message;
  message?: Message;
  code?: string;
}

type Message = string | { key: string; options?: Record<string, unknown> };

/**
 * The problem document of a refusal by Bull Board itself. What the page reads of it stays in it:
 * `error` and `message`, which it translates.
 */
export function refusal(status: number, body: unknown, { path, requestId }: RequestFacts): Problem & Refused {
  const refused = (typeof body === 'object' && body !== null ? body : {}) as Refused;
  const key = keyOf(refused.error);
  const title = words(key);
  return {
    ...refused,
    type: `urn:drover:problem:board:${key.toLowerCase().replaceAll('_', '-')}`,
    title,
    status,
    detail: detailOf(refused) ?? title,
    instance: path,
    code: refused.code ?? key,
    requestId,
  };
}

/** A problem document with what the page shows of an error. */
export function failure(problem: Problem): Problem & Refused {
  return { ...problem, error: problem.title, message: problem.detail };
}

/** `ERRORS.JOB_NOT_FOUND` is JOB_NOT_FOUND. */
function keyOf(message: Message | undefined): string {
  const key = typeof message === 'object' ? message.key : undefined;
  return key?.split('.').at(-1) ?? 'REFUSED';
}

function words(key: string): string {
  const text = key.toLowerCase().replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function detailOf({ error, message }: Refused): string | undefined {
  if (typeof message === 'string') return message;
  const named = [message, error].find((one) => typeof one === 'object' && one.options);
  if (typeof named !== 'object') return undefined;
  const options = Object.entries(named.options ?? {}).map(([name, value]) => `${name}: ${String(value)}`);
  return `${words(keyOf(named))} (${options.join(', ')})`;
}
