import type { InjectionToken } from '@nestjs/common';

/** Name of an injection token, for messages. */
export function nameOfToken(token: InjectionToken): string {
  return typeof token === 'function' ? token.name : String(token);
}
