import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBasic } from '../../../src/oauth/token/client-secret.ts';
import { anyText } from '../../support/any-text.ts';

const encoded = (text: string) => Buffer.from(text).toString('base64');

/** Basic credentials by the letter of RFC 7617 §2, RFC 4648 §4 and RFC 6749 §2.3.1, byte by byte. */
function strictly(header: string): readonly [id: string, secret: string] | undefined {
  const [, text] = /^basic +((?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?)$/i.exec(header) ?? [];
  if (text === undefined || encoded(Buffer.from(text, 'base64').toString('latin1')) === '') return undefined;
  const bytes = Buffer.from(text, 'base64');
  // The bits that no byte needs are zero.
  if (bytes.toString('base64') !== text) return undefined;
  const colon = bytes.indexOf(0x3a);
  if (colon < 1) return undefined;
  const halves = [bytes.subarray(0, colon), bytes.subarray(colon + 1)].map(formDecoded);
  const [id, secret] = halves;
  return id === undefined || secret === undefined ? undefined : [id, secret];
}

function formDecoded(bytes: Uint8Array): string | undefined {
  const out: number[] = [];
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes[at] ?? 0;
    if (byte !== 0x25) {
      out.push(byte === 0x2b ? 0x20 : byte);
      continue;
    }
    const hex = Buffer.from(bytes.subarray(at + 1, at + 3)).toString('latin1');
    if (!/^[0-9A-Fa-f]{2}$/.test(hex)) return undefined;
    out.push(Number.parseInt(hex, 16));
    at += 2;
  }
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(out));
    return /\p{Cc}/u.test(text) ? undefined : text;
  } catch {
    return undefined;
  }
}

const anyHeader = fc.oneof(
  anyText({ maxLength: 40 }),
  anyText({ maxLength: 30 }).map((inner) => `Basic ${encoded(inner)}`),
  fc.string({ unit: fc.constantFrom(...'%:0aF\0\n+é'), maxLength: 12 }).map((inner) => `Basic ${encoded(inner)}`),
  fc.uint8Array({ maxLength: 12 }).map((bytes) => `basic  ${Buffer.from(bytes).toString('base64')}`),
  fc.string({ unit: fc.constantFrom(...'YTpiYg==+/:'), maxLength: 12 }).map((text) => `Basic ${text}`),
);

describe('Basic credentials', () => {
  it('are never read where a strict reader refuses them, and never otherwise [CASE-59, RFC6749-15]', () => {
    fc.assert(
      fc.property(anyHeader, (header) => {
        const read = parseBasic(header);
        const strict = strictly(header);
        expect(read && [read.clientId, read.secret]).toEqual(strict?.[0] === '' ? undefined : strict);
      }),
      { numRuns: 2000 },
    );
  });

  it('have one spelling in base64', () => {
    expect(parseBasic('Basic YTpi')).toEqual({ clientId: 'a', secret: 'b' });
    expect(parseBasic('Basic YTpiYg==')).toEqual({ clientId: 'a', secret: 'bb' });
    for (const other of ['YTpiYh==', 'YTpiYg', 'YTpiYg=', 'YTpi====', 'YTpiY']) {
      expect(parseBasic(`Basic ${other}`), other).toBeUndefined();
    }
  });
});
