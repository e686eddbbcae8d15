// The scripts as texts: all compile, alone and as one library, and none uses a name that nobody declared.
import { functionLibrary, HOT_SCRIPTS, SCRIPT_NAMES, scriptSource } from '../src/backend/script-loader.js';
import { startRedis, type OwnRedis } from '../../../tests/support/redis.js';
import { Redis } from 'ioredis';
import { globalsOf } from './support/lua-globals.js';

/** What Redis and Lua give every script. */
const GIVEN = [
  ...['ARGV', 'KEYS', 'cjson', 'redis', 'math', 'string', 'table'],
  ...['error', 'ipairs', 'next', 'pairs', 'pcall', 'select', 'tonumber', 'tostring', 'type', 'unpack'],
];

let own: OwnRedis;
let redis: Redis;
beforeAll(async () => {
  own = await startRedis({ persistent: false });
  redis = new Redis(own.url);
});
afterAll(async () => {
  redis.disconnect();
  await own.remove();
});

const undeclared = async (lua: string) => {
  const { read, written } = await globalsOf(redis, lua);
  return { read: read.filter((name) => !GIVEN.includes(name)), written };
};

it('the check of names sees those that nobody declared', async () => {
  const lua = 'local known = 1\nlocal function act() other(known, redis.call) end\nset = act';
  expect(await undeclared(lua)).toEqual({ read: ['other'], written: ['set'] });
});

describe.each(SCRIPT_NAMES)('%s.lua', (name) => {
  it('compiles by SCRIPT LOAD', async () => {
    expect(await redis.script('LOAD', scriptSource(name))).toMatch(/^[0-9a-f]{40}$/);
  });

  it('uses no name that nobody declared', async () => {
    expect(await undeclared(scriptSource(name))).toEqual({ read: [], written: [] });
  });
});

describe('the library of functions', () => {
  it('compiles by FUNCTION LOAD, with every script that runs for each job', async () => {
    const { name, source, functionOf } = functionLibrary();
    expect(await redis.call('FUNCTION', 'LOAD', source('a note'))).toBe(name);
    const listed = JSON.stringify(await redis.call('FUNCTION', 'LIST', 'LIBRARYNAME', name));
    for (const script of HOT_SCRIPTS) expect(listed).toContain(`"${functionOf(script)}"`);
  });

  it('uses no name that nobody declared', async () => {
    const lua = functionLibrary().source('a note').split('\n').slice(1).join('\n');
    expect(await undeclared(lua)).toEqual({ read: [], written: [] });
  });

  it('has the same name as long as its text is the same', () => {
    expect(functionLibrary().name).toMatch(/^drover_[0-9a-f]{16}$/);
    expect(functionLibrary().source('one').replace(/'one'/g, "'other'")).toBe(
      functionLibrary().source('other'),
    );
  });
});
