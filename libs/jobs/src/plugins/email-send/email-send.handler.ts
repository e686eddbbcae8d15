import { Inject } from '@nestjs/common';
import { ArtifactNotFoundError } from '#libs/artifacts';
import { JobHandler, type JobContext } from '../../framework/index.js';
import { Attachments } from './message/attachments.js';
import { htmlToText } from './message/html-to-text.js';
import { messageIdOf } from './message/message-id.js';
import { recipientsOf } from './message/recipients.js';
import { emailSendExamples } from './schema/examples.js';
import { emailSendPayload, type EmailSendPayload } from './schema/payload.js';
import { emailSendResult, type EmailSendResult } from './schema/result.js';
import { EMAIL_SEND_SETTINGS, type EmailSendSettings } from './settings.js';
import { Mailer } from './smtp/mailer.js';

/** What a run leaves for the next one: the message has been taken by the server. */
interface Sent {
  readonly sent: EmailSendResult;
}

/** Sends one message by SMTP. */
@JobHandler({
  type: 'email.send',
  name: 'Send mail',
  description: 'Sends a message by SMTP, as text and HTML, with attachments.',
  payload: emailSendPayload,
  result: emailSendResult,
  examples: emailSendExamples,
  requires: { environment: ['SMTP_URL', 'SMTP_FROM'] },
})
export class EmailSendHandler implements JobHandler<EmailSendPayload, EmailSendResult, Sent> {
  constructor(
    private readonly mailer: Mailer,
    @Inject(EMAIL_SEND_SETTINGS) private readonly settings: EmailSendSettings,
  ) {}

  /** Refuses recipients that the settings do not allow. */
  validate(payload: EmailSendPayload): void {
    recipientsOf(payload, this.settings);
  }

  async run(payload: EmailSendPayload, context: JobContext<Sent>): Promise<EmailSendResult> {
    if (context.state) {
      await context.log('the message was sent by an earlier run of this job');
      return context.state.sent;
    }
    const sent = await this.send(payload, context);
    await this.remember(sent, context);
    for (const { address, response } of sent.rejected) {
      await context.log.warn(`refused for ${address}: ${response}`);
    }
    await context.log(`${sent.messageId} taken for ${sent.accepted.join(', ')}: ${sent.response}`);
    return sent;
  }

  isRetryable(error: Error): boolean {
    return !(error instanceof ArtifactNotFoundError);
  }

  private async send(
    { to, cc, bcc, replyTo, subject, headers, ...payload }: EmailSendPayload,
    { job, artifacts, signal }: JobContext<Sent>,
  ): Promise<EmailSendResult> {
    const { SMTP_FROM: from, SMTP_MAX_ATTACHMENT_BYTES } = this.settings;
    const messageId = messageIdOf(job, from.address);
    const { html, text = htmlToText(html ?? '') } = payload;
    const attachments = new Attachments(SMTP_MAX_ATTACHMENT_BYTES);
    try {
      await attachments.open(payload.attachments, artifacts);
      const recipients = recipientsOf({ to, cc, bcc }, this.settings);
      const message = { messageId, from, to, cc, replyTo, subject, text, html, headers, recipients };
      const delivery = await this.mailer.send({ ...message, attachments: attachments.list }, signal);
      return { messageId, ...delivery };
    } finally {
      attachments.close();
    }
  }

  /** The message is out: should this run not end, the next one must not send it again. */
  private async remember(sent: EmailSendResult, context: JobContext<Sent>): Promise<void> {
    try {
      await context.checkpoint({ sent });
    } catch (error) {
      await context.log.warn(`not noted that the message was sent: ${(error as Error).message}`);
    }
  }
}
