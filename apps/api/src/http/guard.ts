import type { RequestHandler } from 'express';
import type { Settings } from '#libs/contracts';
import { allowedHosts } from './allowed-hosts.js';
import { refuseCrossSiteWrites } from './same-origin.js';

/**
 * What every request passes before anything else of it is looked at, in this order: REST, documentation
 * and Bull Board alike. This is the one place for what decides who may come in.
 */
export function guards(settings: Settings): RequestHandler[] {
  return [allowedHosts(settings), refuseCrossSiteWrites];
}
