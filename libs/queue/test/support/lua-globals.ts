import type { Redis } from 'ioredis';

const DUMP = 'return string.dump(assert(loadstring(ARGV[1])))';
const HEADER_BYTES = 12;
const [GETGLOBAL, SETGLOBAL] = [5, 7];

/** Reads what Lua 5.1 compiled, function by function. */
class Bytecode {
  private at = HEADER_BYTES;
  readonly read = new Set<string>();
  readonly written = new Set<string>();

  constructor(private readonly bytes: Buffer) {
    this.function();
  }

  private function(): void {
    this.text(); // source
    this.at += 4 + 4 + 4; // first and last line; upvalues, parameters, varargs, stack
    const instructions = this.list(() => this.int());
    const constants = this.list(() => this.constant());
    for (const instruction of instructions) {
      const [operation, name] = [instruction & 0x3f, constants[instruction >>> 14]];
      if (operation === GETGLOBAL) this.read.add(String(name));
      if (operation === SETGLOBAL) this.written.add(String(name));
    }
    this.list(() => this.function());
    this.list(() => this.int()); // lines
    this.list(() => [this.text(), this.int(), this.int()]); // local names
    this.list(() => this.text()); // upvalues
  }

  private constant(): string | undefined {
    const type = this.bytes[this.at++];
    if (type === 1) this.at += 1;
    if (type === 3) this.at += 8;
    return type === 4 ? this.text() : undefined;
  }

  private list<T>(one: () => T): T[] {
    return Array.from({ length: this.int() }, one);
  }

  private int(): number {
    this.at += 4;
    return this.bytes.readUInt32LE(this.at - 4);
  }

  private text(): string {
    const size = Number(this.bytes.readBigUInt64LE(this.at));
    this.at += 8 + size;
    return this.bytes.toString('utf8', this.at - size, this.at - 1);
  }
}

/** Globals that a Lua text reads and sets, as Redis' own compiler sees it. */
export async function globalsOf(redis: Redis, lua: string): Promise<{ read: string[]; written: string[] }> {
  const bytes = (await redis.callBuffer('EVAL', DUMP, 0, lua)) as Buffer;
  const { read, written } = new Bytecode(bytes);
  return { read: [...read].sort(), written: [...written].sort() };
}
