import type { JobExample } from '../../framework/index.js';

/** Shown where types are listed; each can be run as it is. */
export const browserRunExamples: readonly JobExample[] = [
  {
    title: 'Read the heading of a page and take a picture of it',
    payload: {
      steps: [
        { kind: 'goto', url: 'https://example.com/' },
        { kind: 'extract', as: 'heading', selector: 'h1' },
        { kind: 'extract', as: 'links', selector: 'a', what: 'attribute', attribute: 'href', many: true },
        { kind: 'screenshot', name: 'page', fullPage: true },
      ],
      allowedHosts: ['example.com'],
    },
  },
  {
    title: 'Fill in a form and check the answer',
    payload: {
      steps: [
        { kind: 'goto', url: 'https://httpbin.org/forms/post' },
        { kind: 'fill', selector: 'input[name=custname]', value: 'Ada Lovelace' },
        { kind: 'click', selector: 'input[value=medium]' },
        { kind: 'click', selector: 'button' },
        { kind: 'wait', url: '**/post' },
        { kind: 'assert', text: 'Ada Lovelace' },
      ],
      allowedHosts: ['httpbin.org'],
      locale: 'en-GB',
      timeZone: 'Europe/London',
      trace: true,
    },
  },
];
