import { randomUUID } from 'node:crypto';
import { bullPriority, type JobView } from '#libs/contracts';
import type { NewJob } from '../backend/new-job.js';
import type { StoredJob } from '../backend/reading.js';
import { completeDocument, readDocument } from './job-document.js';

/** Options that a copy of a job has, too. */
const KEPT = ['attempts', 'backoff', 'leftToType', 'timeout', 'creator', 'tags'] as const;

/** Fields of a legacy document that tell of the run that ended. */
const OF_THE_RUN = new Set([
  'created_at',
  'started_at',
  'completed_at',
  'error_msg',
  'deleted_at',
  'progress',
]);

/**
 * A new job that does again what another one did, and names it as `replayOf`. The copy of a legacy job is one, too, so that Go services
 * can run it.
 *
 * @param creator of the copy where the job itself has none.
 */
export function replayedJob(stored: StoredJob, view: JobView, creator: string | undefined): NewJob {
  const opts = JSON.parse(stored.fields['opts'] ?? '{}') as Record<string, unknown>;
  const kept = Object.fromEntries(
    KEPT.filter((name) => opts[name] !== undefined).map((name) => [name, opts[name]]),
  );
  const now = new Date();
  const common = {
    opts: {
      ...(creator === undefined ? {} : { creator }),
      ...kept,
      priority: bullPriority(view.priority),
      replayOf: view.id,
    },
    timestamp: now.getTime(),
    priority: view.priority,
    onExisting: 'reject',
  } as const;
  const document = view.legacy ? readDocument(stored.document) : undefined;
  if (!document) return { ...common, name: view.type, data: JSON.stringify(view.payload) };
  const fields = Object.fromEntries(Object.entries(document).filter(([name]) => !OF_THE_RUN.has(name)));
  const id = randomUUID();
  const copy = completeDocument({ ...fields, id }, view.priority, now);
  return { ...common, id, name: document.type ?? '', data: '', document: JSON.stringify(copy) };
}
