import { runHandler, type HandlerRun, type RunHandlerOptions } from '#libs/jobs/testing';
import { EmailSendHandler } from './email-send.handler.js';
import { EmailSendPlugin } from './email-send.plugin.js';
import type { EmailSendResult } from './schema/result.js';

/** A run of `email.send`, with its result. */
export type EmailRun = Omit<HandlerRun, 'result'> & { readonly result: EmailSendResult };

/** A payload that is as short as can be, with what a test is about. */
export const mail = (more: object = {}) => ({ to: 'ada@example.org', subject: 'Hello', text: 'Hi', ...more });

/** Runs `email.send` in a worker whose mail server listens on `port` of this machine. */
export async function send(
  port: number,
  payload: object,
  environment: Record<string, string> = {},
  options: RunHandlerOptions = {},
): Promise<EmailRun> {
  const settings = {
    SMTP_URL: `smtp://127.0.0.1:${port}`,
    SMTP_FROM: 'Shop <jobs@shop.test>',
    ...environment,
  };
  const imports = [EmailSendPlugin.forRoot(settings)];
  return (await runHandler(EmailSendHandler, { payload, imports, ...options })) as EmailRun;
}
