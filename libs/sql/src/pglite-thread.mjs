// The thread in which PGlite runs, so that no statement keeps the process's event loop waiting.
// Plain JavaScript, since tests load it as it stands, too. workerData: { folder }.
// Messages in: { id, message: bytes of the PostgreSQL protocol } | { id, reset: true } | { id, close: true }, done one after
// the other; ids begin at 1. Messages out: { id: 0 } once it is open, { id, answer: bytes } for each, { crashed: why } before it
// ends of itself.
import { parentPort, workerData } from 'node:worker_threads';
import { PGlite } from '@electric-sql/pglite';

const database = await PGlite.create(workerData.folder);
endOnCrash();
let turn = Promise.resolve();
// What goes wrong ends the thread: the database answers with its own errors, so this is none of them.
parentPort.on('message', (request) => (turn = turn.then(() => handle(request))));
parentPort.postMessage({ id: 0, answer: new Uint8Array(0) }); // it is open

async function handle({ id, message, reset, close }) {
  if (close) {
    await database.close();
    // Ends the thread: nothing else is listened to.
    return parentPort.close();
  }
  const answer = reset ? await beginAnew() : await ask(message);
  parentPort.postMessage({ id, answer }, [answer.buffer]);
}

/** What the connection before left undone is rolled back. */
async function beginAnew() {
  await ask(simpleQuery('ROLLBACK'));
  await ask(simpleQuery('DISCARD ALL'));
  return new Uint8Array(0);
}

async function ask(message) {
  const chunks = [];
  // They are views into PostgreSQL's memory, which it uses again.
  await database.execProtocolRawStream(message, { onRawData: (bytes) => chunks.push(bytes.slice()) });
  const answer = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const chunk of chunks) {
    answer.set(chunk, at);
    at += chunk.length;
  }
  return answer;
}

function simpleQuery(text) {
  const message = Buffer.alloc(text.length + 6);
  message.write('Q');
  message.writeInt32BE(text.length + 5, 1);
  message.write(text, 5);
  return message;
}

/** PGlite ignores what it does not know (a trap, an overflow of the stack) and would go on with a broken state, or for ever. */
function endOnCrash() {
  const { Module: postgres, POSTGRES_MAIN_LONGJMP: usualError } = database;
  const loopOnce = postgres._PostgresMainLoopOnce;
  postgres._PostgresMainLoopOnce = () => {
    try {
      loopOnce();
    } catch (error) {
      if (error?.status !== usualError) {
        parentPort.postMessage({ crashed: String(error) });
        process.exit(1);
      }
      throw error;
    }
  };
}
