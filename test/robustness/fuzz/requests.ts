import fc from 'fast-check';
import type { RawRequest } from '../support/raw-http.ts';
import type { Place } from './subject.ts';
import { anyBytes, anyForm, encodedText, jsonText, marker } from './values.ts';

const otherMethods = [
  'HEAD',
  'OPTIONS',
  'PUT',
  'PATCH',
  'DELETE',
  'TRACE',
  'PROPFIND',
  'PURGE',
  'QUERY',
  'M-SEARCH',
  'LINK',
];
const noMethods = ['get', 'GE T', 'FOO', 'PRI', 'POST\tX', '', 'G\u00cbT', 'A'.repeat(5000)];

// What Latin-1 bytes a header value may hold, and some that it may not.
const headerText = fc.oneof(
  { arbitrary: fc.string({ maxLength: 40 }).map((text) => text.replace(/[\r\n]/g, ' ')), weight: 6 },
  {
    arbitrary: fc.constantFrom(
      '',
      ' ',
      '\t',
      '\u00ff\u00fe',
      'a, b',
      '"',
      '*',
      'null',
      marker,
      'a'.repeat(3000),
      '\u0000',
      '\u0007',
      '\u007f',
      'x\ry',
    ),
    weight: 3,
  },
);
const base64 = fc.string({ maxLength: 30 }).map((text) => Buffer.from(text).toString('base64'));
const authorization = fc.oneof(
  headerText,
  base64.map((text) => `Basic ${text}`),
  headerText.map((text) => `Bearer ${text}`),
  fc.constantFrom(
    'Bearer',
    'Basic',
    'bearer  x',
    'Bearer a.b.c',
    'Bearer eyJhbGciOiJub25lIn0.e30.',
    'Basic Og==',
    'Basic YTpi',
    'Digest x=y',
    'Bearer a, Bearer b',
    `Bearer ${'a'.repeat(8000)}`,
  ),
);
const cookie = fc.oneof(
  headerText,
  fc
    .array(
      fc.tuple(
        fc.constantFrom(
          'portcullis-session-3000',
          'portcullis-browser-0-3000',
          'portcullis-known-3000',
          '__proto__',
          '',
        ),
        headerText,
      ),
      { maxLength: 30 },
    )
    .map((pairs) => pairs.map(([name, value]) => `${name}=${value.slice(0, 100)}`).join('; ')),
);
const contentType = fc.oneof(
  {
    arbitrary: fc.constantFrom(
      'application/x-www-form-urlencoded',
      'application/json',
      'APPLICATION/JSON; charset=utf-8',
      'application/x-www-form-urlencoded;charset=utf-16',
    ),
    weight: 6,
  },
  {
    arbitrary: fc.constantFrom(
      'multipart/form-data; boundary=x',
      'text/plain',
      'application/xml',
      'a/b/c',
      ';',
      'application/json, text/html',
    ),
    weight: 2,
  },
  { arbitrary: headerText, weight: 1 },
);
const accept = fc.constantFrom(
  'text/html',
  '*/*',
  'application/json',
  'text/event-stream',
  'application/json, text/event-stream',
  ';q=',
  'a'.repeat(1000),
);

const header: fc.Arbitrary<readonly [string, string]> = fc.oneof(
  fc.tuple(fc.constant('authorization'), authorization),
  fc.tuple(fc.constant('cookie'), cookie),
  fc.tuple(fc.constant('accept'), accept),
  fc.tuple(
    fc.constantFrom('origin', 'referer', 'host', 'x-forwarded-for', 'x-forwarded-host', 'forwarded'),
    fc.oneof(headerText, fc.constantFrom('http://evil.example', 'null', 'http://localhost:3000', '::1, 127.0.0.1')),
  ),
  fc.tuple(
    fc.constantFrom(
      'sec-fetch-site',
      'sec-purpose',
      'accept-encoding',
      'accept-language',
      'user-agent',
      'dpop',
      'range',
      'if-none-match',
    ),
    headerText,
  ),
  fc.tuple(
    fc.constantFrom('mcp-method', 'mcp-name', 'mcp-session-id', 'mcp-protocol-version', 'last-event-id'),
    headerText,
  ),
  fc.tuple(
    fc.constantFrom('content-encoding', 'expect', 'upgrade', 'te', 'trailer', 'connection', 'keep-alive'),
    fc.constantFrom('gzip', '100-continue', 'websocket', 'h2c', 'trailers', 'close', 'upgrade', 'x'),
  ),
  fc.tuple(
    fc.constantFrom('content-length', 'transfer-encoding'),
    fc.constantFrom(
      '0',
      '5',
      '-1',
      '1e3',
      '99999999999999999999',
      '4194305',
      'chunked',
      'gzip, chunked',
      'identity',
      'chunked, chunked',
    ),
  ),
  fc.tuple(
    fc.constantFrom('x', 'x y', '', ':', 'é', 'constructor', '__proto__', 'content-length ', 'a'.repeat(2000)),
    headerText,
  ),
);
const headers = fc.oneof(
  { arbitrary: fc.array(header, { maxLength: 5 }), weight: 30 },
  {
    arbitrary: fc
      .tuple(header, fc.integer({ min: 2, max: 60 }))
      .map(([one, times]) => Array.from({ length: times }, () => one)),
    weight: 1,
  },
);

const body: fc.Arbitrary<Uint8Array | undefined> = fc.oneof<fc.WeightedArbitrary<Uint8Array | undefined>[]>(
  { arbitrary: anyForm.map((text) => Buffer.from(text, 'latin1')), weight: 400 },
  { arbitrary: jsonText.map((text) => Buffer.from(text)), weight: 400 },
  { arbitrary: anyBytes, weight: 100 },
  { arbitrary: fc.constant(undefined), weight: 150 },
  { arbitrary: fc.integer({ min: 60_000, max: 200_000 }).map((size) => Buffer.alloc(size, 'a=b&')), weight: 10 },
  { arbitrary: fc.constant(Buffer.alloc(4 * 1024 * 1024 + 1, '[')), weight: 1 },
);

/** A request to one of these places, or near one, with nothing in it that has to be right. */
export function anyRequest(places: readonly Place[]): fc.Arbitrary<RawRequest> {
  const place = fc.constantFrom(...places);
  return fc
    .record({
      place,
      query: anyForm,
      hasQuery: fc.boolean(),
      twist: fc.nat({ max: 40 }),
      chance: fc.nat({ max: 99 }),
      other: fc.constantFrom(...otherMethods),
      none: fc.constantFrom(...noMethods),
      type: contentType,
      headers,
      body,
      text: encodedText,
    })
    .map(({ place, query, hasQuery, twist, chance, other, none, type, headers, body, text }) => ({
      method: chance < 80 ? (place.methods[chance % place.methods.length] ?? 'GET') : chance < 97 ? other : none,
      target: twisted(place.path, twist, text) + (hasQuery ? `?${query}` : ''),
      headers: [
        ...(headers.some(([name]) => name === 'host') && chance % 2 === 0 ? [] : [['host', 'localhost:3000'] as const]),
        ['connection', 'close'],
        ...(body === undefined ? [] : [['content-type', type] as const]),
        ...headers,
      ],
      ...(body === undefined ? {} : { body }),
    }));
}

/** Mostly the path itself; otherwise something that a sloppy router takes for it. */
function twisted(path: string, twist: number, text: string): string {
  switch (twist) {
    case 0:
      return `${path}/`;
    case 1:
      return `/${path}`;
    case 2:
      return path.toUpperCase();
    case 3:
      return `/x/..${path}`;
    case 4:
      return `${path}/${text.slice(0, 500)}`;
    case 5:
      return `http://evil.example${path}`;
    case 6:
      return path.slice(1);
    case 7:
      return `${path}%2f..%00`;
    case 8:
      return '*';
    case 9:
      return `${path};x=y#z`;
    case 10:
      return `/${text.slice(0, 500)}`;
    case 11:
      return `${path}\\..\\`;
    default:
      return path;
  }
}
