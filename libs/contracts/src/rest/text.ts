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
