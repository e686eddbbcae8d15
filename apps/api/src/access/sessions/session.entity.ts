import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Whose rights a row gives: those of a key, of `DROVER_ADMIN_KEY` with this hash, or of the local user when both are null. */
abstract class Owned {
  @PrimaryColumn({ type: 'text' })
  id!: string;

  /** SHA-256 of the secret. */
  @Column({ type: 'bytea', name: 'secret_hash' })
  secretHash!: Buffer;

  @Column({ type: 'text', name: 'key_id', nullable: true })
  keyId!: string | null;

  @Column({ type: 'bytea', name: 'admin_hash', nullable: true })
  adminHash!: Buffer | null;

  @Column({ type: 'timestamptz', name: 'created_at', precision: 3 })
  createdAt!: Date;

  @Column({ type: 'timestamptz', name: 'expires_at', precision: 3 })
  expiresAt!: Date;
}

/** A browser that is signed in. */
@Entity('sessions')
export class Session extends Owned {
  @Column({ type: 'timestamptz', name: 'last_seen_at', precision: 3 })
  lastSeenAt!: Date;
}

/** A link that signs a browser in, once. */
@Entity('sign_in_links')
export class SignInLink extends Owned {}
