import { z } from 'zod';

/** Control characters, and halves of a surrogate pair (they have no UTF-8 form). */
const UNPRINTABLE = /[\p{Cc}\p{Cs}]/u;

/** A name: not empty, at most `max` UTF-16 units, printable. */
export const printableText = (max: number) =>
  z
    .string()
    .min(1, 'must not be empty')
    .max(max, `must be at most ${max} characters long`)
    .refine((text) => !UNPRINTABLE.test(text), 'must not contain control characters or broken Unicode');

/** What PostgreSQL cannot keep in a text. */
const UNSTORABLE = /[\0\p{Cs}]/u;

/** A text, at most `max` UTF-16 units, that a database can compare with what it keeps. */
export const storableText = (max: number) =>
  z
    .string()
    .max(max, `must be at most ${max} characters long`)
    .refine((text) => !UNSTORABLE.test(text), 'must not contain U+0000 or broken Unicode');
