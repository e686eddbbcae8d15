/** A time as REST writes it. */
export const isoTime = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;

/** Milliseconds from one time to another, or null; clocks of several machines may say less than none. */
export const msBetween = (from: string, to: string): string =>
  // Of no number at all "greatest" makes 0.
  `CASE WHEN ${from} <= ${to} THEN round(extract(epoch FROM ${to} - ${from}) * 1000)::bigint WHEN ${from} > ${to} THEN 0 END`;

export const QUEUE_MS = msBetween('ready_at', 'first_started_at');
export const RUN_MS = `CASE WHEN status <> 'cancelled' THEN ${msBetween('started_at', 'finished_at')} END`;

/** A row as the JSON of REST, without payload and result: made in the database, so that no number is rounded on the way. */
export const ITEM = `jsonb_strip_nulls(jsonb_build_object(
  'queue', queue, 'id', id, 'type', type, 'status', status, 'state', state, 'priority', priority,
  'priorityName', CASE WHEN priority <= 0 THEN 'low' WHEN priority = 1 THEN 'normal' WHEN priority >= 2 THEN 'high' END,
  'omitted', CASE WHEN omitted <> '{}' THEN to_jsonb(omitted) END, 'error', error, 'errorCode', error_code,
  'attempts', jsonb_build_object('made', attempts_made, 'started', attempts_started, 'max', attempts_max),
  'createdAt', ${isoTime('created_at')}, 'startedAt', ${isoTime('started_at')},
  'finishedAt', ${isoTime('finished_at')}, 'removedAt', ${isoTime('removed_at')},
  'queueMs', ${QUEUE_MS}, 'runMs', ${RUN_MS},
  'creator', creator, 'tags', CASE WHEN tags <> '{}' THEN to_jsonb(tags) END, 'batch', batch, 'worker', worker,
  'language', language, 'legacy', legacy, 'partial', CASE WHEN partial THEN true END))`;

const part = (name: string, column: string) =>
  `CASE WHEN ${column} IS NULL THEN '{}'::jsonb ELSE jsonb_build_object('${name}', ${column}) END`;

/** {@link ITEM} with all there is but the timeline. */
export const FULL_ITEM = `${ITEM} || ${part('payload', 'payload')} || ${part('result', 'result')} ||
  ${part('progress', 'progress')} || ${part('stacktrace', 'to_jsonb(stack)')}`;
