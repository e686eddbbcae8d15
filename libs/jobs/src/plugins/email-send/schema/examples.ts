import type { JobExample } from '../../../framework/index.js';

export const emailSendExamples: readonly JobExample[] = [
  {
    title: 'A short text',
    payload: { to: 'ada@example.org', subject: 'Hello', text: 'The import is done.' },
  },
  {
    title: 'HTML with a picture in it',
    payload: {
      to: [{ name: 'Ada Lovelace', address: 'ada@example.org' }],
      replyTo: 'support@example.org',
      subject: 'Welcome',
      html: '<h1>Welcome</h1><p><img src="cid:dot"> Good to have you.</p>',
      attachments: [
        {
          filename: 'dot.gif',
          cid: 'dot',
          content: 'R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7',
        },
      ],
    },
  },
  {
    title: 'A report that another job made',
    payload: {
      to: 'ada@example.org',
      bcc: ['archive@example.org'],
      subject: 'Numbers of the week',
      text: 'See the attachment.',
      headers: { 'Auto-Submitted': 'auto-generated' },
      attachments: [{ artifact: { jobId: 'report-2026-47', name: 'report.pdf' }, filename: 'week 47.pdf' }],
    },
  },
];
