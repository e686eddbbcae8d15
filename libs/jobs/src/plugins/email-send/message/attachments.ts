import type { Readable } from 'node:stream';
import type { JobArtifacts } from '../../../framework/index.js';
import { EmailRefusedError } from '../errors.js';
import { CONTENT_TYPE, type AttachmentInput } from '../schema/payload.js';

/** An attachment as the mailer takes it. */
export interface Attachment {
  readonly filename: string;
  readonly content: Buffer | Readable;
  readonly contentType?: string;
  readonly cid?: string;
}

/** The attachments of one message. */
export class Attachments {
  readonly list: Attachment[] = [];
  private left: number;

  /** @param maxBytes most bytes of all together. */
  constructor(private readonly maxBytes: number) {
    this.left = maxBytes;
  }

  /**
   * Opens them. An artifact is not read yet: the mailer does that while it sends.
   *
   * @throws {EmailRefusedError} when they are too large together.
   * @throws {ArtifactNotFoundError}
   */
  async open(inputs: readonly AttachmentInput[], artifacts: Pick<JobArtifacts, 'open'>): Promise<void> {
    for (const input of inputs) {
      this.list.push('content' in input ? this.inline(input) : await this.artifact(input, artifacts));
    }
  }

  /** Closes what was opened, whether it was read or not. */
  close(): void {
    for (const { content } of this.list) if ('destroy' in content) content.destroy();
  }

  private inline(input: Extract<AttachmentInput, { content: string }>): Attachment {
    const content = Buffer.from(input.content, 'base64');
    this.take(content.length);
    return { ...input, content };
  }

  private async artifact(
    { artifact, filename = artifact.name, contentType, cid }: Exclude<AttachmentInput, { content: string }>,
    artifacts: Pick<JobArtifacts, 'open'>,
  ): Promise<Attachment> {
    const { stream, size, contentType: own } = await artifacts.open(artifact);
    // The mailer gets its errors once it reads; one before that must not end the process.
    stream.on('error', () => undefined);
    try {
      this.take(size);
    } catch (error) {
      stream.destroy();
      throw error;
    }
    const usable = CONTENT_TYPE.test(own) ? own : 'application/octet-stream';
    return { filename, content: stream, contentType: contentType ?? usable, cid };
  }

  private take(bytes: number): void {
    this.left -= bytes;
    if (this.left < 0) {
      throw new EmailRefusedError(
        `the attachments are larger than ${this.maxBytes} bytes together (SMTP_MAX_ATTACHMENT_BYTES)`,
      );
    }
  }
}
