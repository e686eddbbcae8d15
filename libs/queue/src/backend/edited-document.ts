import { createHash } from 'node:crypto';
import type { StoredJob } from './reading.js';
import { InvalidDocumentError } from '../errors/index.js';
import { checkSize, toJson } from './validate.js';
import { isDocumentObject, withMember } from './json-members.js';

/** What a script needs to give a job another payload. */
export interface EditedPayload {
  /** SHA-1 of the document it was made from. */
  digest: string;
  /** JSON; '' for a job whose document is all there is. */
  payload: string;
  document: string;
}

/** What Go services read and write beside their own fields: an edit of a legacy job's document does not change it. */
const CONTRACT_FIELDS = [
  'id',
  'created_at',
  'deleted_at',
  'status',
  'progress',
  'priority',
  'started_at',
  'completed_at',
  'error_msg',
] as const;

/**
 * The document of a job with another payload; all else in it stays as it is. Of a legacy job, whose document is its payload, the
 * fields of the contract stay.
 *
 * @param maxBytes of payload and of a legacy document.
 * @throws {InvalidDocumentError} for a document that cannot be edited, or a payload of a legacy job that is no object;
 * {PayloadTooLargeError}.
 */
export function editedPayload(job: StoredJob, payload: unknown, maxBytes: number): EditedPayload {
  const { id, fields, document = '' } = job;
  if (!isDocumentObject(document)) {
    throw new InvalidDocumentError(
      `the document of job ${id} is no JSON object: its payload cannot be changed`,
    );
  }
  const digest = createHash('sha1').update(document).digest('hex');
  const text = toJson(payload, `payload of job ${id}`);
  checkSize(text, maxBytes);
  const isLegacy = fields['data'] === undefined && !Object.hasOwn(JSON.parse(document) as object, 'payload');
  if (!isLegacy) {
    const edited = withMember(document, 'payload', text);
    return { digest, payload: fields['data'] === undefined ? '' : text, document: edited };
  }
  const edited = toJson(legacyDocument(id, document, payload), `document of job ${id}`);
  checkSize(edited, maxBytes);
  return { digest, payload: '', document: edited };
}

function legacyDocument(id: string, document: string, payload: unknown): object {
  if (payload === null || typeof payload !== 'object' || Array.isArray(payload)) {
    throw new InvalidDocumentError(
      `job ${id} was added by a legacy service: its payload must be a JSON object`,
    );
  }
  const before = JSON.parse(document) as Record<string, unknown>;
  const after = { ...(payload as Record<string, unknown>) };
  for (const field of CONTRACT_FIELDS) {
    if (Object.hasOwn(before, field)) after[field] = before[field];
    else Reflect.deleteProperty(after, field);
  }
  return { ...after, updated_at: new Date().toISOString() };
}
