/** An address where nothing listens: what a page reaches that was given no proxy of its own. */
export const NOWHERE = 'http://127.0.0.1:9';

/** Chromium's switches besides those of Playwright, each of which closes a way past the proxy or saves work. */
export const FLAGS: readonly string[] = [
  // Chromium itself looks no name up: the proxy does.
  '--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1',
  '--dns-prefetch-disable',
  // WebRTC would send UDP past any proxy.
  '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--webrtc-ip-handling-policy=disable_non_proxied_udp',
  '--disable-quic',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-domain-reliability',
  '--disable-sync',
  '--disable-breakpad',
  '--disable-crash-reporter',
  '--no-first-run',
  '--no-pings',
  '--disable-gpu',
];

/**
 * Services that Chromium asks on its own account, whatever pages do: it would tell them which forms a page has. No
 * switch turns them off that does not also undo those of Playwright.
 */
export const OWN_SERVICES: ReadonlySet<string> = new Set([
  'content-autofill.googleapis.com',
  'optimizationguide-pa.googleapis.com',
  'safebrowsing.googleapis.com',
  'update.googleapis.com',
]);
