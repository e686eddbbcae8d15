import { z } from 'zod';
import { BatchNotFoundError } from '#libs/queue';

const ID = /^batch-[\w-]{1,64}$/;

/** The id in a path. Anything that no batch can be called is answered like a missing one. @throws {BatchNotFoundError} */
export function batchIdOf(given: string): string {
  if (ID.test(given)) return given;
  throw new BatchNotFoundError(given.length > 80 ? `${given.slice(0, 80)}...` : given);
}

/** What a cursor of the list of batches stands for. */
export const batchPlaceSchema = z.object({ createdOn: z.number(), id: z.string().max(100) });

/** What a cursor of a batch's jobs stands for. */
export const itemPlaceSchema = z.object({ from: z.number().int().min(0).max(1_000_000) });
