import type { IdsTakenError } from '#libs/queue';
import { IdsExistError } from '../problems/api-errors.js';

/** Ids that one answer names. */
const MOST_NAMED = 50;

/** Ids that are taken, by the places of their jobs in the request. @param field the list of jobs in it. */
export const idsExist = ({ message, taken }: IdsTakenError, field: string): IdsExistError =>
  new IdsExistError(
    message,
    taken.slice(0, MOST_NAMED).map(({ index }) => ({ path: `${field}.${index}.id`, message: 'is taken' })),
  );
