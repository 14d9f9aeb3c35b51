import fc from 'fast-check';
import type { RawRequest } from '../support/raw-http.ts';
import { encodedText } from './values.ts';

const parts = ['query', 'body', 'body', 'body', 'header', 'method', 'path'] as const;
const changes = [
  'drop',
  'repeat',
  'replace',
  'shorten',
  'lengthen',
  'flip',
  'case',
  'swap',
  'empty',
  'retype',
] as const;

/** One change to one field of a request. */
export interface Mutation {
  readonly part: (typeof parts)[number];
  readonly change: (typeof changes)[number];
  /** Which field, and which of its characters. */
  readonly at: number;
  readonly text: string;
  readonly json: unknown;
}

export const anyMutation: fc.Arbitrary<Mutation> = fc.record({
  part: fc.constantFrom(...parts),
  change: fc.constantFrom(...changes),
  at: fc.nat({ max: 10_000 }),
  text: encodedText,
  json: fc.jsonValue({ maxDepth: 2 }),
});

/** The request with one field changed: of its query, its form or JSON body, its headers, or its first line. */
export function mutated(request: RawRequest, mutation: Mutation): RawRequest {
  const { method, target, headers, body } = request;
  const [path = '', query] = target.split(/\?(.*)/s, 2);
  switch (mutation.part) {
    case 'method':
      return { ...request, method: ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'PATCH'][mutation.at % 6] ?? method };
    case 'path':
      return { ...request, target: `${changedText(path, mutation)}${query === undefined ? '' : `?${query}`}` || '/' };
    case 'query':
      return { ...request, target: `${path}?${changedForm(query ?? '', mutation)}` };
    case 'header':
      return { ...request, headers: changedFields(headers, mutation).map(([name, value]) => [name, latin1(value)]) };
    case 'body':
      if (body === undefined) return { ...request, target: `${path}?${changedForm(query ?? '', mutation)}` };
      return { ...request, body: changedBody(Buffer.from(body).toString(), mutation) };
  }
}

function changedBody(text: string, mutation: Mutation): Buffer {
  const members = membersOf(text);
  if (members === undefined) return Buffer.from(changedForm(text, mutation));
  const index = mutation.at % Math.max(members.length, 1);
  const name = members[index]?.[0] ?? 'a';
  if (mutation.change === 'shorten') return Buffer.from(text.slice(0, mutation.at % text.length));
  if (mutation.change === 'drop') members.splice(index, 1);
  else members[index] = [name, mutation.change === 'replace' ? safelyDecoded(mutation.text) : mutation.json];
  return Buffer.from(JSON.stringify(Object.fromEntries(members)));
}

/** @returns `undefined` where the text is not, or no longer, a JSON object */
function membersOf(text: string): [string, unknown][] | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    return typeof parsed === 'object' && parsed !== null ? Object.entries(parsed) : undefined;
  } catch {
    return undefined;
  }
}

function changedForm(form: string, mutation: Mutation): string {
  const pairs = form.split('&').map((pair) => pair.split(/=(.*)/s, 2) as [string, string]);
  return changedFields(pairs, mutation)
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

function changedFields(
  pairs: readonly (readonly [string, string])[],
  mutation: Mutation,
): readonly (readonly [string, string])[] {
  const index = mutation.at % Math.max(pairs.length, 1);
  const [name, value = ''] = pairs[index] ?? ['a', 'b'];
  const put = (...fields: readonly (readonly [string, string])[]) => pairs.toSpliced(index, 1, ...fields);
  switch (mutation.change) {
    case 'drop':
      return put();
    case 'repeat':
      return put([name, value], [name, value]);
    case 'swap':
      return put([name, pairs[(index + 1) % pairs.length]?.[1] ?? '']);
    case 'case':
      return put([mutation.at % 2 === 0 ? name.toUpperCase() : name, value.toUpperCase()]);
    default:
      return put([name, changedText(value, mutation)]);
  }
}

function changedText(text: string, { change, at, text: other }: Mutation): string {
  const place = at % Math.max(text.length, 1);
  switch (change) {
    case 'shorten':
      return text.slice(0, place);
    case 'lengthen':
      return text + other.slice(0, 2000);
    case 'flip':
      return text.slice(0, place) + String.fromCharCode((text.charCodeAt(place) || 0x40) ^ 1) + text.slice(place + 1);
    case 'empty':
      return '';
    default:
      return other;
  }
}

function safelyDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What a header can carry over the wire: one byte a character, and no end of line. */
function latin1(text: string): string {
  return text.replace(/[\r\n\u0100-\uffff]/g, '?');
}
