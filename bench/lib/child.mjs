// The process behind client.mjs. Messages in: { task }, { go }, { stop }, { count }, { close }. Messages out: { done } while it
// works, { kind: 'ready' | 'result' | 'counts', value }, { error }.
import { peerNamed } from '../peers/index.mjs';
import { ROLES } from '../roles/index.mjs';

const listeners = {};
const told = (word) => new Promise((resolve) => (listeners[word] = resolve));
const go = told('go');
const stopped = told('stop');
const closed = told('close');
const tell = (message) => process.connected && process.send(message);

process.on('message', (message) => {
  if (message.task) void play(message.task).catch(giveUp);
  else Object.keys(message).forEach((word) => listeners[word]());
});
process.on('disconnect', () => process.exit(1)); // the benchmark was ended
process.on('SIGINT', () => {}); // a Ctrl-C is for the benchmark, which ends us
process.on('unhandledRejection', giveUp);
process.on('uncaughtException', giveUp);

function giveUp(error) {
  tell({ error: error?.stack ?? String(error) });
}

async function play({ peer: name, role: roleName, ...task }) {
  const peer = await peerNamed(name);
  const role = await ROLES[roleName]();
  const session = await peer.open({ ...task, onError: giveUp });
  listeners.count = () => session.counts().then((value) => tell({ kind: 'counts', value }), giveUp);
  const part = await role.prepare({
    ...task,
    peer,
    session,
    onError: giveUp,
    report: (done) => tell({ done }),
  });
  tell({ kind: 'ready' });
  await go;
  tell({ kind: 'result', value: await part.run(stopped) });
  await closed;
  await part.close?.();
  await session.close();
  process.disconnect();
  process.exit(0);
}
