import type { DatabasePart } from '#libs/sql';
import { CreateAccess1780000000100 } from './access.migrations.js';
import { ApiKey } from './keys/api-key.entity.js';
import { Session, SignInLink } from './sessions/session.entity.js';

/** What access keeps in the database. */
export const ACCESS_PART: DatabasePart = {
  name: 'access',
  entities: [ApiKey, Session, SignInLink],
  migrations: [CreateAccess1780000000100],
};
