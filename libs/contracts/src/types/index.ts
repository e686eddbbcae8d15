export * from './cron.js';
export * from './duration.js';
export * from './impossible-together.js';
export * from './published-type.js';
export * from './queue-routes.js';
export * from './type-metrics.js';
export * from './type-settings.js';
