const DAY_MS = 86_400_000;

/** What REST accepts at most. The store's own limits (`MAX_DOCUMENT_BYTES`) may be wider. */
export const REST_LIMITS = {
  /** A job's payload, in bytes of its JSON without white space. */
  payloadBytes: 256 * 1024,
  /** Levels of objects and arrays in a payload. Deeper ones break JSON readers of other languages. */
  payloadDepth: 100,
  /** Characters of an id that the caller chooses. */
  idLength: 200,
  typeLength: 200,
  /** Characters of what people call something. */
  nameLength: 200,
  descriptionLength: 4000,
  delayMs: 30 * DAY_MS,
  timeoutMs: 7 * DAY_MS,
  attempts: 100,
  /** Tags of a job, and characters of one. */
  tags: 20,
  tagLength: 50,
  /** Jobs that one request may create, as a batch too, and bytes of its body. */
  bulkJobs: 10_000,
  bulkBytes: 16 * 1024 * 1024,
  /** Jobs that one request may act on in all, and that it may name. */
  actionJobs: 100_000,
  actionIds: 10_000,
  /** Characters that an error of a listed job must have in it. */
  errorText: 200,
  /** Distance of a job's priority from 0. */
  priority: 2_097_152,
  page: 10_000_000,
  pageSize: 100,
  logRows: 1000,
  /** Dead letters that one request may name, and that it may take in all. */
  deadLetterIds: 500,
  deadLetters: 10_000,
  queueLength: 200,
  workerIdLength: 300,
  /** Jobs that one request may remove from a queue. */
  removals: 100_000,
  /** Jobs of a flow, and levels of them. */
  flowNodes: 1000,
  flowDepth: 20,
} as const;

/** What REST assumes when the caller does not say. */
export const REST_DEFAULTS = {
  priority: 'normal',
  page: 1,
  pageSize: 20,
  logRows: 100,
  deadLetters: 1000,
  removals: 10_000,
} as const;
