import { loadSettings } from '#libs/contracts';

/** What the store of one queue can be told. Times are milliseconds unless the name says otherwise. */
export interface StoreOptions {
  /** Type of a legacy document that names none. */
  defaultType: string;
  /** How long finished jobs are kept, in seconds; 0 = for ever. */
  jobTtlSeconds: number;
  /** Largest job document, in bytes of UTF-8. */
  maxDocumentBytes: number;
  /** Lease in seconds given to a job when it is first seen that a legacy service runs it. */
  legacyLeaseSeconds: number;
  /** Longest delay of a job. */
  maxDelayMs: number;
}

/** 30 days. */
export const MAX_DELAY_MS = 30 * 86_400_000;

/**
 * Options with every value set: what is given, else the environment's setting, else its default.
 *
 * @throws {InvalidSettingsError} when a setting in the environment is wrong.
 */
export function resolveStoreOptions(given: Partial<StoreOptions> = {}): StoreOptions {
  const settings = loadSettings(process.env);
  return {
    defaultType: given.defaultType ?? settings.QUEUE_DEFAULT_TYPE,
    jobTtlSeconds: given.jobTtlSeconds ?? settings.JOB_TTL_SECONDS,
    maxDocumentBytes: given.maxDocumentBytes ?? settings.MAX_DOCUMENT_BYTES,
    legacyLeaseSeconds: given.legacyLeaseSeconds ?? settings.LEGACY_LEASE_SECONDS,
    maxDelayMs: given.maxDelayMs ?? MAX_DELAY_MS,
  };
}
