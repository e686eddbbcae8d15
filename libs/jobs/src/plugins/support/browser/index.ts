export { BrowserPool } from './browser-pool.js';
export { BrowserPoolModule } from './browser-pool.module.js';
export { BrowserSession, type SessionOptions } from './browser-session.js';
export * from './errors.js';
