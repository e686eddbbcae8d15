/** How one kind of error leaves the API. */
export interface ProblemKind {
  status: number;
  title: string;
  /** A typical detail, for the documentation. */
  example: string;
}

/**
 * Every code an error of the API can have, and its HTTP status: the only place that knows both.
 * A `DroverError` whose code is not here leaves as `INTERNAL`.
 */
export const PROBLEMS = {
  INVALID_REQUEST: {
    status: 400,
    title: 'Invalid request',
    example: 'delay: Invalid input: expected number, received string',
  },
  INVALID_JSON: { status: 400, title: 'Body is not JSON', example: 'Unexpected end of JSON input' },
  INVALID_URL: {
    status: 400,
    title: 'Invalid URL',
    example: 'the path has a percent sign that begins no percent code',
  },
  UNSAFE_NUMBER: {
    status: 400,
    title: 'Number cannot be held exactly',
    example: 'the number 9007199254740993 cannot be held exactly: send it as a string',
  },
  INVALID_JOB_ID: { status: 400, title: 'Invalid job id', example: 'job ID cannot be empty' },
  INVALID_JOB_STATUS: { status: 400, title: 'Invalid job status', example: 'invalid job status: done' },
  INVALID_PRIORITY: { status: 400, title: 'Invalid priority', example: 'invalid priority: 1.5' },
  INVALID_OPTION: { status: 400, title: 'Invalid option', example: 'attempts must be 1 or more' },
  INVALID_DOCUMENT: { status: 400, title: 'Invalid job document', example: 'the document is no JSON object' },
  INVALID_ARTIFACT_NAME: {
    status: 400,
    title: 'Invalid name of an artifact',
    example:
      'artifact name "../key" must be a file name of 1 to 200 letters, digits, spaces or ._- and not start with a dot',
  },
  DELAY_OUT_OF_RANGE: {
    status: 400,
    title: 'Delay out of range',
    example: 'delay must be a whole number of milliseconds from 0 to 2592000000, not -1',
  },
  UNAUTHENTICATED: {
    status: 401,
    title: 'Not signed in',
    example: 'this needs an API key: send it as Authorization: Bearer <key>',
  },
  FORBIDDEN: {
    status: 403,
    title: 'Role does not allow it',
    example: 'the key "ci" has the role viewer; this needs operator',
  },
  KEY_NOT_FOUND: { status: 404, title: 'No such key', example: 'there is no key 3f9c0b1de27a4485' },
  KEY_EXISTS: {
    status: 409,
    title: 'Name is taken',
    example: 'a key with the name "ci" exists, or existed: names are not used again',
  },
  LAST_ADMIN_KEY: {
    status: 409,
    title: 'Last admin key',
    example: '"root" is the last valid admin key: create another one first, or set DROVER_ADMIN_KEY',
  },
  HOST_NOT_ALLOWED: {
    status: 403,
    title: 'Host not allowed',
    example:
      'the request names the host "example.org", which is none this server answers to: ' +
      'use localhost or 127.0.0.1, or add the name to the setting ALLOWED_HOSTS',
  },
  CROSS_SITE_REQUEST: {
    status: 403,
    title: 'Request of another site',
    example:
      'a page of https://example.org may not change anything here: only pages of this server and programs may',
  },
  JOB_NOT_FOUND: { status: 404, title: 'No such job', example: 'job 7 does not exist' },
  JOB_STATUS_NOT_FOUND: { status: 404, title: 'No such job', example: 'job status not found' },
  JOB_RESULT_NOT_FOUND: { status: 404, title: 'No result', example: 'job result not found' },
  ARTIFACT_NOT_FOUND: {
    status: 404,
    title: 'No such artifact',
    example: 'job 7 has no artifact "report.pdf"',
  },
  BATCH_NOT_FOUND: { status: 404, title: 'No such batch', example: 'batch batch-7 does not exist' },
  TASK_NOT_FOUND: {
    status: 404,
    title: 'No such task',
    example: 'task 7b1e4f0c-5a0e-4a57-9f4c-0e6f2c1d9a11 does not exist',
  },
  TYPE_NOT_FOUND: {
    status: 404,
    title: 'No such job type',
    example: 'no live worker runs the job type "mail.digest"',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    title: 'Method not allowed',
    example: 'PUT is not possible here; possible: GET, HEAD, POST',
  },
  QUEUE_NOT_FOUND: {
    status: 404,
    title: 'No such queue',
    example: 'no queue "mail" is looked after here: jobs',
  },
  SCHEDULE_NOT_FOUND: {
    status: 404,
    title: 'No such schedule',
    example: 'queue jobs has no schedule "nightly-report"',
  },
  WORKER_NOT_FOUND: {
    status: 404,
    title: 'No such worker',
    example: 'no live worker has the id "host-7:4711:c0ffee"',
  },
  ROUTE_NOT_FOUND: { status: 404, title: 'Not found', example: 'nothing is served at GET /api/job' },
  JOB_EXISTS: { status: 409, title: 'Job exists', example: 'job order-1042 exists' },
  JOB_STATE_CONFLICT: {
    status: 409,
    title: 'Not in this state',
    example: 'job 7 is completed: only a delayed job can be promoted',
  },
  BATCH_STATE_CONFLICT: {
    status: 409,
    title: 'Not in this state',
    example: 'batch batch-7 is finished: only one that goes on can be cancelled',
  },
  TASK_VERSION_CONFLICT: {
    status: 409,
    title: 'Changed meanwhile',
    example: 'task 7 is at version 3, not 2: look at it again, then change it',
  },
  TASK_STATE_CONFLICT: {
    status: 409,
    title: 'Not in this state',
    example: 'task 7 is paused: resume it before it is started',
  },
  JOB_TRANSITION_REFUSED: { status: 409, title: 'Not in this state', example: 'Missing lock for job 7' },
  SCHEDULE_EXISTS: {
    status: 409,
    title: 'Schedule exists',
    example: 'queue jobs has a schedule "nightly-report" already: replace it with PUT, or choose another id',
  },
  SCHEDULE_OF_TYPE: {
    status: 409,
    title: 'Schedule of a type',
    example:
      'live workers keep the schedule "type.report.daily" for their type "report.daily": pause it, or disable the type, or change its code',
  },
  SCHEDULE_CONFLICT: {
    status: 409,
    title: 'Schedule cannot make that run',
    example: 'schedule "nightly-report": the ids of its next runs belong to other jobs',
  },
  WORKER_NOT_DRAINABLE: {
    status: 409,
    title: 'Worker reads no orders',
    example: 'worker "herd-1" is none of Drover of this version: it reads no orders, and can only be stopped',
  },
  PAYLOAD_TOO_LARGE: {
    status: 413,
    title: 'Too large',
    example:
      'the payload may have at most 262144 bytes (got 300000): larger content belongs into an artifact that the payload names',
  },
  IDEMPOTENCY_KEY_REUSED: {
    status: 422,
    title: 'Idempotency key reused',
    example: 'the idempotency key "order-7" belongs to job once-x, which has another payload',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    title: 'Unsupported media type',
    example: 'send the body as Content-Type: application/json',
  },
  INTERNAL: {
    status: 500,
    title: 'Internal error',
    example: 'the server has logged it under the request id',
  },
  WRONG_KEY_TYPE: {
    status: 500,
    title: 'Foreign data in Redis',
    example: 'Redis key botrix:jobs:queue is a list, but must be a zset',
  },
  INVALID_QUEUE_NAME: { status: 500, title: 'Invalid queue name', example: 'invalid queue name: a:b' },
  TOO_MANY_REQUESTS: {
    status: 429,
    title: 'Too many requests',
    example: 'the key "ci" has made 600 requests in this minute: try again in 12 s',
  },
  DATABASE_UNAVAILABLE: {
    status: 503,
    title: 'The database is unavailable',
    example: 'the database cannot be reached or cannot serve now',
  },
  DATABASE_TIMEOUT: {
    status: 503,
    title: 'The database needs too long',
    example: 'the database needs too long for this: ask for less',
  },
  REDIS_UNAVAILABLE: {
    status: 503,
    title: 'Redis is unavailable',
    example: 'Redis is unavailable; nothing was changed',
  },
  REDIS_TOO_OLD: {
    status: 503,
    title: 'Redis is too old',
    example: 'Redis 6.2 is too old: 7.0 or newer (or Valkey) is needed',
  },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof PROBLEMS;

/** Whether this is a code of {@link PROBLEMS}. */
export function isProblemCode(code: string): code is ProblemCode {
  return Object.hasOwn(PROBLEMS, code);
}
