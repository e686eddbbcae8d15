// A Redis client of the size that setting up needs: one command on one connection. Node's own
// modules only, because it runs before the dependencies are installed.
import net from 'node:net';
import tls from 'node:tls';

/** An error reply of Redis (`-ERR ...`), as opposed to a connection that failed. */
export class RedisReplyError extends Error {}

function encode(args) {
  const parts = args.map((arg) => `$${Buffer.byteLength(arg)}\r\n${arg}\r\n`);
  return `*${args.length}\r\n${parts.join('')}`;
}

/** Reads one reply at `offset`; undefined while it is not complete. */
function decode(buffer, offset = 0) {
  const end = buffer.indexOf('\r\n', offset);
  if (end < 0) return undefined;
  const line = buffer.toString('utf8', offset + 1, end);
  const next = end + 2;
  switch (String.fromCharCode(buffer[offset])) {
    case '+':
      return { value: line, next };
    case '-':
      return { value: new RedisReplyError(line), next };
    case ':':
      return { value: Number(line), next };
    case '$':
      return decodeBulk(buffer, next, Number(line));
    case '*':
      return decodeList(buffer, next, Number(line));
    default:
      return { value: new Error('it does not speak the Redis protocol'), next };
  }
}

function decodeBulk(buffer, start, length) {
  if (length < 0) return { value: null, next: start };
  if (buffer.length < start + length + 2) return undefined;
  return { value: buffer.toString('utf8', start, start + length), next: start + length + 2 };
}

function decodeList(buffer, start, length) {
  const value = [];
  let next = start;
  for (let i = 0; i < length; i++) {
    const item = decode(buffer, next);
    if (!item) return undefined;
    value.push(item.value);
    next = item.next;
  }
  return { value, next };
}

function connect(url) {
  if (url.protocol === 'unix:') return net.connect({ path: decodeURIComponent(url.pathname) });
  const host = url.hostname.replace(/^\[|\]$/g, '') || '127.0.0.1';
  const port = Number(url.port || 6379);
  return url.protocol === 'rediss:'
    ? tls.connect({ host, port, servername: net.isIP(host) ? undefined : host })
    : net.connect({ host, port });
}

/** What has to be said before the command: who we are, and which database is meant. */
function greeting(url) {
  const [user, password] = [url.username, url.password].map(decodeURIComponent);
  const database = url.protocol === 'unix:' ? '' : url.pathname.slice(1);
  return [
    ...(user || password ? [['AUTH', user, password].filter(Boolean)] : []),
    ...(database ? [['SELECT', database]] : []),
  ];
}

/**
 * Sends one command to the Redis at `address` (after AUTH and SELECT where the address asks for them).
 * @returns the reply; rejects with a RedisReplyError for an error reply, else with what failed.
 */
export function redisCommand(address, args, timeoutMs = 3000) {
  const url = new URL(address);
  const commands = [...greeting(url), args];
  return new Promise((resolve, reject) => {
    const socket = connect(url);
    const finish = (settle, value) => {
      clearTimeout(timer);
      socket.destroy();
      settle(value);
    };
    let received = Buffer.alloc(0);
    const onData = (chunk) => {
      received = Buffer.concat([received, chunk]);
      const replies = readReplies(received, commands.length);
      const failed = replies.find((value) => value instanceof Error);
      if (failed) finish(reject, failed);
      else if (replies.length === commands.length) finish(resolve, replies.at(-1));
    };
    const late = Object.assign(new Error(`no answer within ${timeoutMs / 1000} s`), { code: 'ENOANSWER' });
    const timer = setTimeout(() => finish(reject, late), timeoutMs);
    socket.on('error', (error) => finish(reject, error));
    socket.on('close', () => finish(reject, new Error('the connection was closed')));
    socket.on('data', onData);
    socket.write(commands.map(encode).join(''));
  });
}

function readReplies(buffer, wanted) {
  const replies = [];
  let offset = 0;
  while (replies.length < wanted) {
    const reply = offset < buffer.length ? decode(buffer, offset) : undefined;
    if (!reply) break;
    replies.push(reply.value);
    offset = reply.next;
  }
  return replies;
}
