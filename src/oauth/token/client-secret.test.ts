import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyText } from '../../../test/support/any-text.ts';
import { parseBasic } from './client-secret.ts';

const encoded = (text: string) => Buffer.from(text).toString('base64');
const text = anyText({ maxLength: 30 }).filter((value) => value.isWellFormed() && !/[\p{Cc}\ufffd]/u.test(value));

describe('parseBasic', () => {
  it('reads back any id and secret, form-encoded or percent-encoded, whatever the case of the scheme [CASE-58, RFC6749-15]', () => {
    const encodings = [encodeURIComponent, (value: string) => new URLSearchParams([['', value]]).toString().slice(1)];
    fc.assert(
      fc.property(
        text.filter((id) => id !== ''),
        text,
        fc.constantFrom(...encodings),
        fc.constantFrom('Basic', 'basic', 'BASIC'),
        (id, secret, encode, scheme) => {
          expect(parseBasic(`${scheme} ${encoded(`${encode(id)}:${encode(secret)}`)}`)).toEqual({
            clientId: id,
            secret,
          });
        },
      ),
      { numRuns: 150 },
    );
  });

  it('answers any header with credentials or nothing, and never with an empty id or control characters', () => {
    const header = fc.oneof(
      anyText({ maxLength: 40 }),
      anyText({ maxLength: 30 }).map((inner) => `Basic ${encoded(inner)}`),
      fc.string({ unit: fc.constantFrom(...'%:0aF\0\n+'), maxLength: 12 }).map((inner) => `Basic ${encoded(inner)}`),
    );
    fc.assert(
      fc.property(header, (value) => {
        const credentials = parseBasic(value);
        if (credentials === undefined) return;
        expect(credentials.clientId).not.toBe('');
        expect(`${credentials.clientId}${credentials.secret}`).not.toMatch(/\p{Cc}/u);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['bad base64', 'Basic a$b'],
    ['no colon', `Basic ${encoded('abc')}`],
    ['an empty id', `Basic ${encoded(':secret')}`],
    ['a broken percent sign', `Basic ${encoded('a%:b')}`],
    ['a NUL in the id', `Basic ${encoded('a%00:b')}`],
    ['a raw line feed in the secret', `Basic ${encoded('a:b\n')}`],
    ['bytes that are not UTF-8', `Basic ${Buffer.from([0x61, 0xff, 0x3a, 0x62]).toString('base64')}`],
    ['another scheme', `Bearer ${encoded('a:b')}`],
    ['no credentials', 'Basic'],
    ['two values', `Basic ${encoded('a:b')}, Basic ${encoded('c:d')}`],
  ])('refuses %s [CASE-59]', (_what, header) => {
    expect(parseBasic(header)).toBeUndefined();
  });

  it('leaves a colon in the secret alone', () => {
    expect(parseBasic(`Basic ${encoded('a:b:c')}`)).toEqual({ clientId: 'a', secret: 'b:c' });
  });
});
