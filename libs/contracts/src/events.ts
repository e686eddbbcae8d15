import type { JobStatus } from './job-status.js';

/** Events every participant of a queue publishes on `<p>updates`; their meaning is the contract's. */
export const CONTRACT_EVENTS = [
  'job_added',
  'status_updated',
  'job_completed',
  'job_failed',
  'job_cancelled',
] as const;

/** Events only Drover publishes there; legacy services ignore them. */
export const EXTRA_EVENTS = ['job_progress', 'job_retrying'] as const;

export type QueueEventName = (typeof CONTRACT_EVENTS)[number] | (typeof EXTRA_EVENTS)[number];

/** One message on `<p>updates`, parsed. */
export interface QueueUpdate {
  event: string;
  job_id: string;
  /** Unix seconds. */
  timestamp: number;
  data: { job_id: string; status: JobStatus | string; priority?: number; [key: string]: unknown };
}
