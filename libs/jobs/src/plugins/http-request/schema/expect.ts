import { z } from 'zod';

const TEXT = /^(?:([1-5])xx|([1-5]\d\d)-([1-5]\d\d))$/;

/** One status, `2xx`, or a range like `200-299`. */
export const expectedStatus = z.union([
  z.number().int().min(200).max(599),
  z.string().regex(TEXT, 'must be a status like 404, a class like "2xx" or a range like "200-299"'),
]);

export type ExpectedStatus = z.output<typeof expectedStatus>;

export function isExpected(status: number, expected: readonly ExpectedStatus[]): boolean {
  return expected.some((entry) => {
    if (typeof entry === 'number') return status === entry;
    const [, hundreds, from, to] = TEXT.exec(entry) ?? [];
    if (hundreds !== undefined) return Math.floor(status / 100) === Number(hundreds);
    return status >= Number(from) && status <= Number(to);
  });
}
