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
  delayMs: 30 * DAY_MS,
  timeoutMs: 7 * DAY_MS,
  attempts: 100,
  page: 10_000_000,
  pageSize: 100,
  logRows: 1000,
  /** Dead letters that one request may name, and that it may take in all. */
  deadLetterIds: 500,
  deadLetters: 10_000,
} as const;

/** What REST assumes when the caller does not say. */
export const REST_DEFAULTS = {
  priority: 'normal',
  page: 1,
  pageSize: 20,
  logRows: 100,
  deadLetters: 1000,
} as const;
