import { z } from 'zod';

/** Result of `email.send`: the server has taken the message for at least one recipient. */
export const emailSendResult = z.strictObject({
  messageId: z.string(),
  /** Recipients the server took the message for. */
  accepted: z.array(z.string()),
  /** Recipients it refused, and why. They are not tried again. */
  rejected: z.array(z.strictObject({ address: z.string(), response: z.string() })),
  /** The server's last answer. */
  response: z.string(),
});

export type EmailSendResult = z.output<typeof emailSendResult>;
