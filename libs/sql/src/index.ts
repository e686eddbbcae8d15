export { Database, type DatabasePart } from './database.js';
export { isDatabaseAway } from './database-away.js';
export * from './errors.js';
export { openDatabase, type DatabaseOptions } from './open-database.js';
export { SqlModule } from './sql.module.js';
export { whenAvailable } from './when-available.js';
