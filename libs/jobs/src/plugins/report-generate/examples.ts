import type { JobExample } from '../../framework/index.js';

/** Shown where types are listed; each can be run as it is. */
export const reportExamples: readonly JobExample[] = [
  {
    title: 'Sales by region, with a chart',
    payload: {
      title: 'Sales by region',
      columns: [
        { key: 'region', title: 'Region' },
        { key: 'orders', title: 'Orders', format: 'number', total: 'sum' },
        { key: 'share', title: 'Share', format: 'percent' },
      ],
      source: {
        kind: 'rows',
        rows: [
          { region: 'North', orders: 120, share: 0.4 },
          { region: 'South', orders: 180, share: 0.6 },
        ],
      },
      chart: { kind: 'bar', x: 'region', y: ['orders'] },
      formats: ['csv', 'html'],
    },
  },
  {
    title: 'What failed in the last 24 hours',
    payload: {
      title: 'Failed jobs',
      columns: [
        { key: 'type', title: 'Type' },
        { key: 'id', title: 'Job' },
        { key: 'error', title: 'Error' },
        { key: 'finishedAt', title: 'Failed at', format: 'date' },
      ],
      source: { kind: 'history', filter: { status: 'failed' }, finishedWithin: '24h' },
    },
  },
];
