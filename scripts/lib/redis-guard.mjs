// Runs one redis-server and makes sure it does not outlive whoever asked for it, even when that
// one is killed with -9: the IPC channel closes, and Redis is asked to save and end. Started as
//   node redis-guard.mjs <lock file> <redis-server> <argument>...
// The lock file keeps a second server out of the same folder (they would destroy the data).
// Messages in:  { outlive: [pid, ...], seconds } - after a sudden end of the parent, let these end
//               first (they hand their jobs back, and need Redis for that), but not for longer.
// Messages out: { pid } of the redis-server.
import { spawn } from 'node:child_process';
import { dropLock, identify, isSame, takeLock, updateLock } from './lock.mjs';
import { isAlive } from './processes.mjs';
import { pollUntil } from './wait.mjs';

const [lockFile, binary, ...args] = process.argv.slice(2);
let outlive = { pids: [], seconds: 0 };
let ending = false;

const lock = takeLock(lockFile);
if (!lock.held || isSame(lock.previous?.redis)) {
  console.error(`another Redis uses this folder (process ${(lock.holder ?? lock.previous).redis?.pid})`);
  process.exit(1);
}

const redis = spawn(binary, args, { stdio: ['ignore', 'inherit', 'inherit'] });
redis.on('error', (error) => {
  console.error(`cannot run ${binary}: ${error.message}`);
  finish(1);
});
redis.on('spawn', () => {
  updateLock(lockFile, { redis: identify(redis.pid) });
  if (process.connected) process.send({ pid: redis.pid });
});
redis.on('exit', (code, signal) => finish(code ?? (signal === 'SIGTERM' ? 0 : 1)));

function finish(code) {
  dropLock(lockFile);
  process.exit(code);
}

function endRedis() {
  ending = true;
  redis.kill('SIGTERM');
}

process.on('message', (message) => {
  if (Array.isArray(message?.outlive)) outlive = { pids: message.outlive, seconds: message.seconds ?? 0 };
});
process.on('SIGTERM', endRedis);
process.on('SIGINT', () => {}); // a Ctrl-C in the terminal is for the parent, which decides the order
process.on('SIGHUP', () => {});
process.on('disconnect', () => {
  if (ending) return;
  const gone = () => !outlive.pids.some(isAlive);
  void pollUntil(gone, { timeoutMs: outlive.seconds * 1000, everyMs: 100 }).then(endRedis);
});
