import fc from 'fast-check';
import { anyText } from '../../support/any-text.ts';

/** Would be markup if a page repeated it as it is. */
export const marker = '<fuzz a="b\'">';

const broken = [
  '%',
  '%zz',
  '%ff',
  '%c3%28',
  '%ed%a0%80',
  '%f0%9f',
  '%00',
  '%0d%0aset-cookie:%20a=b',
  '+',
  '%u0041',
  '&&',
  '=',
  ';',
];

/** Form-encoded text, now and then encoded wrongly. */
export const encodedText: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: anyText({ maxLength: 30 }).map(encodeURIComponent), weight: 4 },
  {
    arbitrary: fc
      .constantFrom(
        '',
        ' ',
        '\u0000',
        '\u202e',
        '\ufeff',
        '\ufffd',
        marker,
        '../../etc/passwd',
        "' OR 1=1 --",
        'null',
        '__proto__',
        'constructor',
        '-1',
        '1e309',
        'true',
      )
      .map(encodeURIComponent),
    weight: 3,
  },
  { arbitrary: fc.constantFrom(...broken), weight: 2 },
  { arbitrary: fc.integer({ min: 1, max: 20_000 }).map((length) => 'a'.repeat(length)), weight: 1 },
);

/** Bytes that are seldom UTF-8. */
export const anyBytes: fc.Arbitrary<Uint8Array> = fc.uint8Array({ maxLength: 200 });

const names = [
  ...[
    'response_type',
    'client_id',
    'client_secret',
    'redirect_uri',
    'scope',
    'state',
    'code_challenge',
    'code_challenge_method',
  ],
  ...[
    'resource',
    'request_uri',
    'prompt',
    'max_age',
    'acr_values',
    'login_hint',
    'grant_type',
    'code',
    'code_verifier',
    'refresh_token',
    'token',
    'token_type_hint',
  ],
  ...[
    'request',
    'username',
    'password',
    'csrf_token',
    'decision',
    'again',
    'action',
    'session',
    'grant',
    'current',
    'new',
    'repeat',
    'email',
    'display_name',
  ],
];
const plausible = [
  'code',
  'authorization_code',
  'refresh_token',
  'S256',
  'plain',
  'allow',
  'deny',
  'none',
  'login',
  'notes:read',
  'http://localhost:3000/mcp',
  'http://localhost:9999/cb',
  'ada',
  'a'.repeat(43),
  `urn:ietf:params:oauth:request_uri:${'a'.repeat(43)}`,
];

const fieldName = fc.oneof({ arbitrary: fc.constantFrom(...names), weight: 6 }, { arbitrary: encodedText, weight: 1 });
const fieldValue = fc.oneof(
  { arbitrary: encodedText, weight: 3 },
  { arbitrary: fc.constantFrom(...plausible).map(encodeURIComponent), weight: 2 },
);

/** A query or form body: known and unknown fields, some of them twice, in any order, sometimes by the hundred. */
export const anyForm: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: fc.array(fc.tuple(fieldName, fieldValue), { maxLength: 10 }).map(joined), weight: 20 },
  {
    arbitrary: fc
      .tuple(fieldName, fieldValue, fc.integer({ min: 2, max: 200 }))
      .map(([name, value, times]) =>
        Array.from(
          { length: times },
          (_, index) => `${name}${index % 2 === 0 ? '' : index}=${value.slice(0, 100)}`,
        ).join('&'),
      ),
    weight: 1,
  },
);

function joined(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([name, value]) => `${name}=${value}`).join('&');
}

const members = [
  'redirect_uris',
  'client_name',
  'scope',
  'grant_types',
  'response_types',
  'token_endpoint_auth_method',
  'application_type',
  'contacts',
  'client_uri',
  'logo_uri',
  'jsonrpc',
  'method',
  'params',
  'name',
  'id',
  '__proto__',
  'toString',
];

/** JSON of any shape, with the members that the server knows holding anything. */
const anyJson = fc.oneof(
  { arbitrary: fc.jsonValue({ maxDepth: 3 }), weight: 3 },
  {
    arbitrary: fc.dictionary(
      fc.oneof(fc.constantFrom(...members), anyText({ maxLength: 10 })),
      fc.oneof(
        fc.jsonValue({ maxDepth: 2 }),
        anyText({ maxLength: 40 }),
        fc.array(anyText({ maxLength: 20 }), { maxLength: 4 }),
      ),
      { maxKeys: 8 },
    ),
    weight: 3,
  },
);

const nested = (open: string, close: string) => (depth: number) => `${open.repeat(depth)}${close.repeat(depth)}`;
const depth = fc.integer({ min: 1, max: 30_000 });

/** JSON, deep JSON, and what only looks like JSON. */
export const jsonText: fc.Arbitrary<string> = fc.oneof(
  { arbitrary: anyJson.map((value) => JSON.stringify(value)), weight: 20 },
  { arbitrary: anyJson.map((value) => JSON.stringify(value).slice(0, -1)), weight: 2 },
  { arbitrary: depth.map(nested('[', ']')), weight: 1 },
  { arbitrary: depth.map(nested('{"a":', '}')), weight: 1 },
  { arbitrary: depth.map((n) => `{"redirect_uris":${nested('[', ']')(n)}}`), weight: 1 },
  {
    arbitrary: fc.constantFrom(
      '',
      'null',
      '1e999',
      '"\\ud800"',
      '{"a":1,"a":2}',
      '[1,]',
      "{'a':1}",
      '\ufeff{}',
      'undefined',
      '{"redirect_uris":["http://localhost/"],"client_name":"\\u0000"}',
    ),
    weight: 2,
  },
);
