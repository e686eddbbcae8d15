// Loaded before the API (node --import): tells on demand how long its event loop was kept waiting, and what it has used.
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
process.on('message', (word) => {
  if (word === 'reset') delay.reset();
  if (word !== 'report') return;
  const ms = (nanoseconds) => Math.max(0, nanoseconds / 1e6 - 10);
  const { user, system } = process.cpuUsage();
  process.send({
    loop: { p50: ms(delay.percentile(50)), p99: ms(delay.percentile(99)), max: ms(delay.max) },
    cpuMs: (user + system) / 1000,
    rss: process.memoryUsage.rss(),
  });
});
// It does not keep the API from ending.
process.channel?.unref();
