import type { Request } from 'express';
import ipaddr from 'ipaddr.js';

/** Where a request comes from; behind a proxy of `TRUSTED_PROXIES` what that says. An IPv4 address is written as one. */
export function clientAddress({ ip }: Pick<Request, 'ip'>): string {
  return ip !== undefined && ipaddr.isValid(ip) ? ipaddr.process(ip).toString() : 'unknown';
}
