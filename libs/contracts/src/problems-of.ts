import type { z } from 'zod';

/** One line for each thing that is wrong, with where it is. */
export function problemsOf({ issues }: z.ZodError): string[] {
  return issues.map(({ path, message }) => [path.join('.'), message].filter(Boolean).join(': '));
}
