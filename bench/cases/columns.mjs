/** Columns of the cases that measure throughput: the first is the one that ratios are made of. */
export const THROUGHPUT = [
  { key: 'rate', title: 'jobs/s', better: 'more' },
  { key: 'clientCpu', title: 'client CPU µs/job', better: 'less' },
  { key: 'storeCpu', title: 'store CPU µs/job', better: 'less' },
];
