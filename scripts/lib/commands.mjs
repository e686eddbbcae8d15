import { spawn } from 'node:child_process';
import { root } from './paths.mjs';

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 };

/**
 * Runs a program to its end with our own input and output, and returns its exit code. A signal
 * meant for us goes to the program, and then ends us too.
 */
export function run(file, args, { onStart, ...options } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd: root, stdio: 'inherit', ...options });
    onStart?.(child);
    let interrupted;
    const pass = (signal) => {
      interrupted = signal;
      child.kill(signal);
    };
    Object.keys(SIGNALS).forEach((signal) => process.on(signal, pass));
    const done = () => Object.keys(SIGNALS).forEach((signal) => process.off(signal, pass));
    child.once('error', (error) => {
      done();
      reject(error);
    });
    child.once('close', (code, signal) => {
      done();
      if (interrupted) process.exit(128 + SIGNALS[interrupted]);
      resolve(code ?? 128 + (SIGNALS[signal] ?? 9));
    });
  });
}
