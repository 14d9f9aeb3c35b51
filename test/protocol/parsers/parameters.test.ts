import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OAuthError } from '../../../src/core/errors.ts';
import { Params } from '../../../src/core/params.ts';
import { anyText } from '../../support/any-text.ts';

/** Form-encoded parameters by the letter: split, then decode each half by itself, and refuse whatever is not plain text. */
function strictly(encoded: string): Map<string, string> | undefined {
  const values = new Map<string, string>();
  for (const piece of encoded.split('&').filter((part) => part !== '')) {
    const equals = piece.indexOf('=');
    const name = decoded(equals === -1 ? piece : piece.slice(0, equals));
    const value = decoded(equals === -1 ? '' : piece.slice(equals + 1));
    if (name === undefined || value === undefined || values.has(name)) return undefined;
    values.set(name, value);
  }
  return new Map([...values].filter(([, value]) => value !== ''));
}

// A percent sign without two digits stands for itself, as the URL standard has it.
function decoded(text: string): string | undefined {
  const bytes = Buffer.from(text.replaceAll('+', ' '));
  const out: number[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    const hex = bytes.subarray(at + 1, at + 3).toString('latin1');
    if (bytes[at] === 0x25 && /^[0-9A-Fa-f]{2}$/.test(hex)) {
      out.push(Number.parseInt(hex, 16));
      at += 2;
    } else {
      out.push(bytes[at] ?? 0);
    }
  }
  try {
    const plain = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(out));
    return /[\p{Cc}\ufffd]/u.test(plain) ? undefined : plain;
  } catch {
    return undefined;
  }
}

const anyForm = fc.oneof(
  anyText({ maxLength: 60 }),
  fc.string({ unit: fc.constantFrom(...'ab=&%+02fFé', '%00', '%ff', '%c3%a9', '\ufeff', '\n'), maxLength: 30 }),
  fc
    .array(fc.tuple(fc.constantFrom('scope', 'state', 'sc%6fpe', '__proto__', ''), anyText({ maxLength: 8 })), {
      maxLength: 4,
    })
    .map((list) => list.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')),
);

describe('request parameters', () => {
  it('are what a strict reader finds, and are refused where it refuses them, or where they were not encoded at all [OAUTH21-20, OAUTH21-21]', () => {
    fc.assert(
      fc.property(anyForm, (form) => {
        let read: Map<string, string> | undefined;
        try {
          read = new Map(Params.parse(form).entries());
        } catch (error) {
          expect(error).toBeInstanceOf(OAuthError);
        }
        // A form is ASCII. What else is sent may be refused, but never read otherwise.
        if (read !== undefined || /^[\x20-\x7e]*$/.test(form)) expect(read).toEqual(strictly(form));
      }),
      { numRuns: 2000 },
    );
  });

  it('mean the same once they have been written again, without what is left out', () => {
    fc.assert(
      fc.property(anyForm, (form) => {
        fc.pre(strictly(form) !== undefined && /^[\x20-\x7e]*$/.test(form));
        const once = Params.parse(form);
        expect([...Params.parse(once.encodedWithout([])).entries()]).toEqual([...once.entries()]);
        expect(Params.parse(once.encodedWithout(['scope'])).get('scope')).toBeUndefined();
      }),
      { numRuns: 500 },
    );
  });

  it('of any size are refused before they are work', () => {
    for (const flood of [
      `a=${'a'.repeat(1_000_000)}`,
      '&'.repeat(1_000_000),
      'a&'.repeat(500_000),
      '%00'.repeat(300_000),
    ])
      expect(() => Params.parse(flood)).toThrow(OAuthError);
  });
});
