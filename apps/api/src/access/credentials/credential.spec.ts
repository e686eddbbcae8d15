import { AdminKey } from './admin-key.js';
import { hashOf, isSecretOf, newCredential, parseCredential } from './credential.js';

describe('a credential', () => {
  it('is of 256 random bits, and its parts are found again', () => {
    const { id, secret, text } = newCredential('dk');
    expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
    expect(text).toBe(`dk_${id}_${secret}`);
    expect(parseCredential('dk', text)).toEqual({ id, secret });
    expect(newCredential('dk').text).not.toBe(text);
  });

  it('is known by its secret alone', () => {
    const { secret } = newCredential('dk');
    const hash = hashOf(secret);
    expect(isSecretOf(secret, hash)).toBe(true);
    for (const other of ['', `${secret}A`, secret.slice(1), newCredential('dk').secret])
      expect(isSecretOf(other, hash)).toBe(false);
    expect(isSecretOf(secret, hash.subarray(1))).toBe(false);
  });

  it.each([
    '',
    'dk_',
    'dk_0123456789abcdef_',
    `dk_0123456789ABCDEF_${'a'.repeat(43)}`,
    `dk_0123456789abcdef_${'é'.repeat(43)}`,
  ])('is not %j', (text) => expect(parseCredential('dk', text)).toBeUndefined());

  it('of one kind is none of another', () => {
    const { text } = newCredential('ds');
    expect(parseCredential('ds', text)).toBeDefined();
    expect(parseCredential('dk', text)).toBeUndefined();
    expect(parseCredential('dl', text)).toBeUndefined();
  });
});

it('without an admin key nothing is one', () => {
  const none = new AdminKey(undefined);
  expect([none.isSet, none.matches(''), none.matches('undefined'), none.hasHash(hashOf(''))]).toEqual([
    false,
    false,
    false,
    false,
  ]);
});
