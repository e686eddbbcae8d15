import { pipeline } from 'node:stream/promises';
import { PassThrough, Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { Redactor } from './redactor.js';

const TOKEN = 'to"ken/with=signs';

function redactor(): Redactor {
  const made = new Redactor();
  made.add('TOKEN', TOKEN);
  return made;
}

async function throughStreams(made: Redactor, chunks: readonly string[]): Promise<string> {
  const out = new PassThrough();
  const [read] = await Promise.all([
    text(out),
    pipeline([Readable.from(chunks.map((chunk) => Buffer.from(chunk))), ...made.streams(), out]),
  ]);
  return read;
}

it.each([
  ['as it is', TOKEN],
  ['in a URL', encodeURIComponent(TOKEN)],
  ['in JSON', JSON.stringify(TOKEN).slice(1, -1)],
  ['in Base64', Buffer.from(TOKEN).toString('base64')],
])('a secret is blacked out %s', async (_, form) => {
  expect(redactor().text(`a ${form} b ${form}`)).toBe('a [secret TOKEN] b [secret TOKEN]');
  expect(await throughStreams(redactor(), [`a ${form} b`])).toBe('a [secret TOKEN] b');
});

it('strings and names of JSON are blacked out, numbers stay', () => {
  expect(redactor().json({ a: [TOKEN, 1, null, true], [TOKEN]: { b: `x${TOKEN}` } })).toEqual({
    a: ['[secret TOKEN]', 1, null, true],
    '[secret TOKEN]': { b: 'x[secret TOKEN]' },
  });
});

it('a secret is found wherever a stream is cut', async () => {
  const whole = `before ${TOKEN}${TOKEN} after`;
  for (let first = 0; first <= whole.length; first++) {
    for (let second = first; second <= whole.length; second += 3) {
      const chunks = [whole.slice(0, first), whole.slice(first, second), whole.slice(second)];
      expect(await throughStreams(redactor(), chunks)).toBe('before [secret TOKEN][secret TOKEN] after');
    }
  }
});

it('a stream of single bytes is blacked out, and what only begins like a secret stays', async () => {
  const whole = `${TOKEN.slice(0, -1)}${TOKEN}${TOKEN.slice(0, 5)}`;
  expect(await throughStreams(redactor(), [...whole])).toBe(
    `${TOKEN.slice(0, -1)}[secret TOKEN]${TOKEN.slice(0, 5)}`,
  );
});

it('of two secrets, one in the other, the longer is named', () => {
  const made = new Redactor();
  made.add('SHORT', 'abcdefgh');
  made.add('LONG', 'abcdefgh-and-more');
  expect(made.text('abcdefgh-and-more, abcdefgh')).toBe('[secret LONG], [secret SHORT]');
});
