import type { RequestHandler } from 'express';
import type { Settings } from '#libs/contracts';
import { allowedHosts } from './allowed-hosts.js';
import { cors } from './cors.js';
import { refuseCrossSiteWrites } from './same-origin.js';

/**
 * What every request passes before it is asked who makes it, in this order: REST, documentation and Bull
 * Board alike. Behind it comes `access/doors/identify.ts`.
 */
export function guards(settings: Settings): RequestHandler[] {
  const { CORS_ORIGINS } = settings;
  return [allowedHosts(settings), cors(CORS_ORIGINS), refuseCrossSiteWrites(CORS_ORIGINS)];
}
