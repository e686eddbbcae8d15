import { isDocumentObject, withMember } from './json-members.js';

describe('withMember', () => {
  it.each([
    ['{"a":1}', '{"a":9}'],
    ['{"b":{"a":1},"a":[1,{"a":2}],"c":"a"}', '{"b":{"a":1},"a":9,"c":"a"}'],
    [' { "a" : "}\\"," , "b":1.50 } ', ' { "a" : 9 , "b":1.50 } '],
    ['{"a":"x\\\\"}', '{"a":9}'],
    ['{"a":true,"big":12345678901234567890}', '{"a":9,"big":12345678901234567890}'],
    ['{"\\u0061":null}', '{"\\u0061":9}'],
    ['{"a":1,"a":2}', '{"a":1,"a":9}'],
    ['{"b":"\\"a\\":1"}', '{"b":"\\"a\\":1","a":9}'],
    ['{}', '{"a":9}'],
    [' { } ', ' { "a":9}'],
    ['{"b":[]}', '{"b":[],"a":9}'],
    ['{"a":{}}', '{"a":9}'],
    ['{"a":-1e5}', '{"a":9}'],
  ])('changes one value of %s and nothing else', (before, after) => {
    expect(withMember(before, 'a', '9')).toBe(after);
    expect(JSON.parse(withMember(before, 'a', '9'))).toMatchObject({ a: 9 });
  });

  it('changes what the reader of any document reads', () => {
    const parts = ['a', '"', '\\', '}', ']', ',', ':', '{', '\u2028', 'payload'];
    for (let round = 0; round < 500; round++) {
      const text = () =>
        Array.from({ length: 4 }, () => parts[Math.floor(Math.random() * parts.length)]).join('');
      const document = {
        [text()]: [text(), { payload: text() }],
        payload: { [text()]: text() },
        [text()]: text(),
      };
      const edited = JSON.parse(withMember(JSON.stringify(document), 'payload', '{"x":"}"}')) as object;
      expect(edited).toEqual({ ...document, payload: { x: '}' } });
    }
  });
});

describe('isDocumentObject', () => {
  it.each([
    ['{}', true],
    ['[]', false],
    ['null', false],
    ['7', false],
    ['{', false],
    ['', false],
  ])('%s: %s', (text, expected) => {
    expect(isDocumentObject(text)).toBe(expected);
  });
});
