import type { BodyTelling } from '../audit/tell-body.js';

/** What the audit log tells of the bodies of Bull Board's routes, by the end of the route. */
const TELLING: Readonly<Record<string, BodyTelling>> = {
  add: {
    name: 'value',
    data: 'omitted',
    options: { jobId: 'value', priority: 'value', delay: 'value', attempts: 'value' },
  },
  concurrency: { concurrency: 'value' },
  'rate-limit': { max: 'value', duration: 'value' },
  ':schedulerId': { pattern: 'value', every: 'value', tz: 'value', limit: 'value', endDate: 'value' },
  'update-data': { jobData: 'omitted' },
  delay: { runAt: 'value' },
  priority: { priority: 'value' },
};

/** @param route such as `/api/queues/:queueName/add`. */
export function tellingOf(route: string): BodyTelling | undefined {
  return TELLING[route.split('/').at(-1) ?? ''];
}
