import { UserError, warn } from './messages.mjs';
import { OLDEST_REDIS, isNewEnough } from './redis-finder.mjs';
import { RedisReplyError, redisCommand } from './resp.mjs';
import { pollUntil } from './wait.mjs';

const LOADING_SECONDS = 300;

const REASONS = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the host name could not be looked up',
  ECONNRESET: 'it closed the connection; rediss:// is for TLS, redis:// for none',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ENOENT: 'there is no such socket',
  EPROTO: 'it does not speak TLS: is redis:// meant?',
};

/** The address without its password, fit to be shown. */
export function withoutPassword(address) {
  const url = new URL(address);
  if (url.password) url.password = '***';
  return url.href;
}

function parse(address) {
  if (!/^(rediss?|unix):\/\//.test(address))
    throw new UserError('REDIS_URL: must start with redis:// or rediss://');
  try {
    new URL(address);
  } catch {
    throw new UserError(
      'REDIS_URL: is not a valid address, which looks like redis://user:password@host:6379',
    );
  }
}

function explain(error) {
  if (error instanceof RedisReplyError) {
    if (/^WRONGPASS|invalid password|without any password/i.test(error.message))
      return 'it refused the user name or password';
    if (/^NOAUTH/.test(error.message))
      return 'it asks for a password: write it as redis://:password@host:port';
    return `it answered "${error.message}"`;
  }
  if (error.code === 'ENOANSWER') return `${error.message}; rediss:// is for TLS, redis:// for none`;
  return REASONS[error.code] ?? (error.message || error.code || 'no connection');
}

async function ask(address, args) {
  try {
    return await redisCommand(address, args);
  } catch (error) {
    if (error instanceof RedisReplyError && error.message.startsWith('LOADING')) return undefined;
    if (error instanceof RedisReplyError && error.message.startsWith('NOPERM')) return '';
    throw new UserError(`REDIS_URL: cannot use ${withoutPassword(address)}: ${explain(error)}`);
  }
}

/** Makes sure that the user's own Redis answers, lets us in, has loaded its data and is new enough. */
export async function checkRedis(address) {
  parse(address);
  const wait = { timeoutMs: LOADING_SECONDS * 1000, everyMs: 250 };
  const info = await pollUntil(async () => {
    const pong = await ask(address, ['PING']);
    return pong === undefined ? undefined : { text: await ask(address, ['INFO', 'server']) };
  }, wait);
  if (info === undefined) {
    throw new UserError(
      `REDIS_URL: ${withoutPassword(address)} is still loading its data after ${LOADING_SECONDS} s`,
    );
  }
  const version = /^redis_version:(\S+)/m.exec(info.text ?? '')?.[1];
  if (version === undefined)
    warn(`REDIS_URL: ${withoutPassword(address)} does not tell its version; going on`);
  else if (!isNewEnough(version)) {
    const oldest = OLDEST_REDIS.join('.');
    throw new UserError(
      `REDIS_URL: ${withoutPassword(address)} is Redis ${version}, but ${oldest} or newer is needed`,
    );
  }
}
