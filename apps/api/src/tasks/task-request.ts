import { createHash } from 'node:crypto';

/** A request that saves a task once. */
export interface TaskRequest {
  /** Id that the task gets: it follows from the key and the caller. */
  id: string;
  /** Of all that was asked for. */
  fingerprint: string;
}

/** What an idempotency key of a caller stands for, with what is asked for. */
export const taskRequest = (key: string, creator: string, asked: unknown): TaskRequest => ({
  id: uuidOf(hashOf(['task', creator, key])),
  fingerprint: hashOf(asked).toString('base64url'),
});

const hashOf = (value: unknown): Buffer => createHash('sha256').update(JSON.stringify(value)).digest();

/** The first 128 bits as a UUID of version 8, which is for values of one's own. */
function uuidOf(hash: Buffer): string {
  const bytes = Buffer.from(hash.subarray(0, 16));
  bytes.writeUInt8((bytes.readUInt8(6) & 0x0f) | 0x80, 6);
  bytes.writeUInt8((bytes.readUInt8(8) & 0x3f) | 0x80, 8);
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
