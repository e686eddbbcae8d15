import type { DatabasePart } from '#libs/sql';

/** What the API keeps in the database. */
export const DATABASE_PARTS: readonly DatabasePart[] = [];
