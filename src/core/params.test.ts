import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../test/support/any-text.ts';
import { OAuthError } from './errors.ts';
import { Params } from './params.ts';

const refusal = (encoded: string): OAuthError => {
  try {
    Params.parse(encoded);
  } catch (error) {
    if (error instanceof OAuthError) return error;
    throw error;
  }
  throw new Error('was accepted');
};

// What may stand in a parameter: any text without control characters and without the replacement character.
const printableText = anyText({ maxLength: 40 }).filter((text) => !/[\p{Cc}\ufffd]/u.test(text));
const pairs = fc.uniqueArray(fc.tuple(printableText, printableText), { maxLength: 20, selector: ([name]) => name });

describe('Params', () => {
  it('gives back what a form encoded, and treats an empty value as absent [OAUTH21-20]', () => {
    fc.assert(
      fc.property(pairs, (sent) => {
        const params = Params.parse(new URLSearchParams(sent).toString());
        for (const [name, value] of sent) expect(params.get(name)).toBe(value === '' ? undefined : value);
        expect([...params.entries()]).toEqual(sent.filter(([, value]) => value !== ''));
      }),
      { numRuns: 200 },
    );
  });

  it('answers any string with parameters or with invalid_request, never otherwise', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          anyText({ maxLength: 200 }),
          fc.string({ unit: fc.constantFrom('%', '&', '=', '+', 'a', '0', ';', '\0', '?'), maxLength: 60 }),
        ),
        (text) => {
          try {
            Params.parse(text);
          } catch (error) {
            expect(error).toBeInstanceOf(OAuthError);
            expect(error).toMatchObject({ code: 'invalid_request', status: 400 });
            expect((error as OAuthError).description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  it('refuses a parameter that is sent twice, whatever its position, spelling or value [OAUTH21-21]', () => {
    fc.assert(
      fc.property(
        pairs.filter((list) => list.length > 0),
        fc.nat(),
        printableText,
        (sent, at, second) => {
          const name = sent[at % sent.length]?.[0] ?? '';
          const error = refusal(new URLSearchParams([...sent, [name, second]]).toString());
          expect(error.code).toBe('invalid_request');
          expect(error.description).toContain('sent more than once');
        },
      ),
      { numRuns: 100 },
    );
    expect(refusal('state=a&st%61te=b').description).toBe("parameter 'state' is sent more than once");
    expect(refusal('state=&state=b').description).toBe("parameter 'state' is sent more than once");
  });

  it.each([
    ['a NUL', 'code=%00'],
    ['a line feed', 'state=a%0d%0aSet-Cookie:%20x'],
    ['a control character in a name', 'a%07=b'],
    ['a byte that is not UTF-8', 'code=%ff'],
    ['a truncated UTF-8 sequence', 'code=%e2%82'],
    ['an encoded surrogate', 'code=%ed%a0%80'],
  ])('refuses %s', (_what, encoded) => {
    expect(refusal(encoded)).toMatchObject({ code: 'invalid_request' });
  });

  it('bounds how many parameters there are and how long each is', () => {
    const many = (count: number) => Array.from({ length: count }, (_, index) => `p${index}=`).join('&');
    expect(() => Params.parse(many(64))).not.toThrow();
    expect(refusal(many(65)).description).toBe('more than 64 parameters');
    expect(() => Params.parse(`a=${'x'.repeat(16_384)}`)).not.toThrow();
    expect(refusal(`a=${'x'.repeat(16_385)}`).description).toContain('longer than 16384');
  });

  it('keeps names of object members apart from parameters', () => {
    const params = Params.parse('a=1');
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty'])
      expect(params.get(name)).toBeUndefined();
    expect(Params.parse('__proto__=x').get('__proto__')).toBe('x');
  });

  it('takes a question mark at the beginning for a part of the first name', () => {
    const params = Params.parse('?client_id=a&scope=b');
    expect([...params.entries()]).toEqual([
      ['?client_id', 'a'],
      ['scope', 'b'],
    ]);
    expect(params.get('client_id')).toBeUndefined();
  });

  it('names a required parameter that is absent', () => {
    expect(() => Params.parse('code=').require('code')).toThrow("invalid_request: parameter 'code' is required");
    expect(Params.parse('code=x').require('code')).toBe('x');
  });
});
