import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { wallClock } from '../lib/clock.mjs';
import { eachWhenIdle } from '../lib/idle.mjs';

/**
 * As the role `latency`, but a Go program adds the jobs. It tells by the wall clock when it began to add, and when it
 * put the job into the queue; both processes are on one machine.
 */
export const role = {
  async prepare({ session, count, address, program, onError }) {
    const { host } = new URL(address);
    const go = spawn(program, [host, session.goPrefix], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = once(go, 'exit');
    let onLine;
    createInterface({ input: go.stdout }).on('line', (line) => onLine(line));
    go.on('error', onError);
    const add = async (number) => {
      const told = new Promise((resolve) => (onLine = resolve));
      go.stdin.write(`go-${number} ${number}\n`);
      return (await told).split(' ').map((nanoseconds) => Number(nanoseconds) / 1e6);
    };
    const idle = await eachWhenIdle(session, count, wallClock);
    return {
      async run() {
        const latencies = [];
        const queued = [];
        await idle.run(async (number, started) => {
          const [from, inQueue] = await add(number);
          const at = await started;
          latencies.push(at - from);
          queued.push(at - inQueue);
        });
        return { latencies: idle.counted(latencies), queued: idle.counted(queued) };
      },
      async close() {
        go.stdin.end();
        await ended;
      },
    };
  },
};
