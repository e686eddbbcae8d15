// Loaded into the API and the worker before their own code (node --import): when the command that
// started them is killed with -9, the IPC channel closes and they end in their usual orderly way.
process.on('disconnect', () => {
  // Nobody reads our output any more; writing to it must not crash the orderly end.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  process.kill(process.pid, 'SIGTERM');
});
process.channel?.unref(); // being on the leash is no reason to go on living
