import type { RepeatableOptions } from 'bullmq';
import { InvalidOptionError } from '../errors/index.js';
import { checkJobId } from './validate.js';

/** Latest time a Date can hold. */
const MAX_MILLIS = 8.64e15;

/** @throws {InvalidOptionError} for what is no time in ms since 1970. */
export function checkTime(millis: unknown, what: string): asserts millis is number {
  if (typeof millis !== 'number' || !(millis >= 0 && millis <= MAX_MILLIS)) {
    throw new InvalidOptionError(`${what} must be a time in milliseconds since 1970, not ${String(millis)}`);
  }
}

/**
 * @throws {InvalidJobIdError} for an id whose runs could have no id.
 * @throws {InvalidOptionError} naming the setting that makes no sense.
 */
export function checkScheduler(id: unknown, settings: RepeatableOptions): void {
  if (id === '') throw new InvalidOptionError('scheduler id cannot be empty');
  if (typeof id !== 'string') throw new InvalidOptionError(`scheduler id must be a string, not ${typeof id}`);
  checkJobId(`repeat:${id}:${MAX_MILLIS}`);
  const { every, limit, offset, startDate, endDate } = settings;
  const wrong = (setting: string, must: string, value: unknown) =>
    new InvalidOptionError(`${setting} of scheduler ${id} must be ${must}, not ${String(value)}`);
  if (isGiven(every) && !(every >= 1 && every <= MAX_MILLIS))
    throw wrong('every', 'at least 1 millisecond', every);
  if (isGiven(limit) && !(Number.isInteger(limit) && limit >= 1))
    throw wrong('limit', 'a whole number from 1', limit);
  if (isGiven(offset) && !(offset >= 0 && offset <= MAX_MILLIS))
    throw wrong('offset', 'a number of milliseconds from 0', offset);
  if (isGiven(startDate)) checkTime(startDate, `startDate of scheduler ${id}`);
  if (isGiven(endDate)) checkTime(endDate, `endDate of scheduler ${id}`);
}

const isGiven = (value: unknown): value is number => value !== undefined && value !== null;
