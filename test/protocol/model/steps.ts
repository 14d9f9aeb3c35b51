import fc from 'fast-check';
import {
  type ClientKind,
  clientKinds,
  type DocumentState,
  documentScopes,
  type IssuerNumber,
  type ResourceName,
  resourceNames,
  resources,
  type ToolName,
  tools,
} from './rules.ts';
import type { KeyRotation } from './world.ts';

/** Counts back from the newest of a list, so that what has just been made is what most steps are about. */
type Recent = number;

/** How a step presents something: mostly as it should, now and then not. */
export interface Sending {
  readonly by: 'its client' | 'another client';
  readonly key: 'its key' | 'no key' | 0 | 1;
  readonly resource: 'none' | 'its resource' | 'another resource';
}

/** What can be asked of a refresh token: its scopes, the first of them, or one that was not granted. */
export type AskedScopes = 'none' | 'all' | 'the first' | 'one too many';

export type Ending = 'revoke access token' | 'revoke refresh token' | 'disable user' | 'delete user' | 'delete client';

/** One thing that somebody does, as data. */
export type Action =
  | { readonly do: 'register'; readonly kind: ClientKind }
  | {
      readonly do: 'authorize';
      readonly client: Recent;
      readonly user: number;
      readonly resource: ResourceName;
      readonly scopes: readonly string[];
      readonly decision: 'allow' | 'allow the first scope' | 'deny';
      readonly prompt: 'consent' | 'login' | 'none' | undefined;
      readonly key: 0 | 1 | undefined;
      readonly pushed: boolean;
      /** Seconds that the sign-in may be old. */
      readonly maxAge: number | undefined;
      readonly acr: 'known' | 'unknown' | undefined;
    }
  | {
      readonly do: 'connect';
      readonly client: Recent;
      readonly user: number;
      readonly resource: 'notes' | 'mail';
      readonly key: 0 | 1 | undefined;
    }
  | { readonly do: 'redeem'; readonly code: Recent; readonly verifier: 'right' | 'wrong'; readonly sending: Sending }
  | { readonly do: 'redeem at once'; readonly code: Recent; readonly times: number }
  | { readonly do: 'refresh'; readonly token: Recent; readonly scopes: AskedScopes; readonly sending: Sending }
  | { readonly do: 'refresh at once'; readonly token: Recent; readonly times: number }
  | {
      readonly do: 'exchange';
      readonly token: Recent;
      readonly path: 0 | 1;
      readonly scopes: AskedScopes;
      readonly key: 0 | undefined;
    }
  | {
      readonly do: 'act for itself';
      readonly resource: ResourceName;
      readonly scopes: readonly string[];
      readonly key: 0 | undefined;
    }
  | { readonly do: 'call'; readonly token: Recent; readonly tool: ToolName }
  | {
      readonly do: 'start device';
      readonly client: Recent;
      readonly resource: ResourceName;
      readonly scopes: readonly string[];
    }
  | {
      readonly do: 'connect device';
      readonly client: Recent;
      readonly user: number;
      readonly resource: 'notes' | 'mail';
      readonly key: 0 | undefined;
    }
  | {
      readonly do: 'decide on device';
      readonly device: Recent;
      readonly user: number;
      readonly decision: 'allow' | 'allow the first scope' | 'deny';
    }
  | { readonly do: 'poll'; readonly device: Recent; readonly sending: Sending }
  | { readonly do: 'poll at once'; readonly device: Recent; readonly times: number }
  | { readonly do: 'publish' }
  | { readonly do: 'change document'; readonly client: Recent; readonly becomes: DocumentState }
  | {
      readonly do: 'assert';
      readonly issuer: IssuerNumber;
      readonly person: number;
      readonly scopes: readonly string[];
      /** How many seconds ago the person signed in at the issuer, where it says so. */
      readonly signedInAgo: number | undefined;
      readonly key: 0 | undefined;
      readonly times: number;
    }
  | { readonly do: 'present again'; readonly assertion: Recent; readonly key: 0 | undefined }
  | { readonly do: 'issuer'; readonly issuer: IssuerNumber; readonly becomes: 'trusted' | 'removed' }
  | { readonly do: 'link'; readonly issuer: IssuerNumber; readonly person: number; readonly user: number }
  | { readonly do: 'unlink'; readonly issuer: IssuerNumber; readonly person: number }
  | { readonly do: 'revoke'; readonly what: 'access' | 'refresh'; readonly token: Recent; readonly by: Sending['by'] }
  | { readonly do: 'end while it is used'; readonly how: Ending; readonly token: Recent }
  | { readonly do: 'wait'; readonly seconds: number }
  | { readonly do: 'user'; readonly user: number; readonly becomes: 'active' | 'disabled' | 'deleted' }
  | { readonly do: 'withdraw'; readonly token: Recent }
  | { readonly do: 'delete client'; readonly client: Recent }
  | { readonly do: 'delete machine' }
  | { readonly do: 'rotate keys'; readonly kind: KeyRotation }
  | { readonly do: 'sweep' };

export type Doing = Action['do'];

/** How many people there are. */
export const people = 3;

const recent = fc.oneof(
  { weight: 5, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.nat({ max: 3 }) },
  fc.nat({ max: 12 }),
);
const user = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat({ max: people - 1 }));
const sending: fc.Arbitrary<Sending> = fc.record({
  by: mostly<Sending['by']>('its client', 'another client'),
  key: mostly<Sending['key']>('its key', 'no key', 0, 1),
  resource: mostly<Sending['resource']>('none', 'its resource', 'another resource'),
});
const asked = mostly<AskedScopes>('none', 'all', 'the first', 'the first', 'one too many');
const kinds = (Object.keys(clientKinds) as ClientKind[]).filter((kind) => kind !== 'of a document');
const key = mostly<0 | undefined>(undefined, 0);
const decision = mostly<'allow' | 'allow the first scope' | 'deny'>('allow', 'allow the first scope', 'deny');
const issuer = mostly<IssuerNumber>(0, 1);

function mostly<Value>(usual: Value, ...others: readonly Value[]): fc.Arbitrary<Value> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(usual) }, { weight: 1, arbitrary: fc.constantFrom(...others) });
}

const anyScopes = (resource: ResourceName) =>
  fc.oneof(
    { weight: 4, arbitrary: fc.subarray([...resources[resource].scopes]) },
    { weight: 1, arbitrary: fc.constant(['read', 'mail:send']) },
  );

const authorization: fc.Arbitrary<Action> = mostly<ResourceName>('notes', ...resourceNames).chain((resource) =>
  fc.record({
    do: fc.constant('authorize' as const),
    client: recent,
    user,
    resource: fc.constant(resource),
    scopes: anyScopes(resource),
    decision,
    prompt: mostly<'consent' | 'login' | 'none' | undefined>(undefined, 'consent', 'login', 'none'),
    key: mostly<0 | 1 | undefined>(undefined, 0, 1),
    pushed: mostly(false, true),
    maxAge: mostly<number | undefined>(undefined, 0, 60, 300, 3600),
    acr: mostly<'known' | 'unknown' | undefined>(undefined, 'known', 'known', 'unknown'),
  }),
);

const deviceRequest: fc.Arbitrary<Action> = mostly<ResourceName>('notes', ...resourceNames).chain((resource) =>
  fc.record({
    do: fc.constant('start device' as const),
    client: recent,
    resource: fc.constant(resource),
    scopes: anyScopes(resource),
  }),
);

const machineRequest: fc.Arbitrary<Action> = mostly<ResourceName>('mail', ...resourceNames).chain((resource) =>
  fc.record({
    do: fc.constant('act for itself' as const),
    resource: fc.constant(resource),
    scopes: anyScopes(resource),
    key,
  }),
);

// Both sides of every lifetime, to the second, and the moment itself.
const waits = [1, 1, 4, 5, 10, 10, 597, 29, 30, 30, 31, 60, 299, 300, 329, 330, 600, 900, 2700, 3599, 3600];

/** Steps by how often they are taken; those that only an administered server knows come apart. */
const common: readonly (readonly [weight: number, fc.Arbitrary<Action>])[] = [
  [2, fc.record({ do: fc.constant('register' as const), kind: mostly<ClientKind>('public', ...kinds) })],
  [8, authorization],
  [2, machineRequest],
  [
    8,
    fc.record({
      do: fc.constant('connect' as const),
      client: recent,
      user,
      resource: mostly<'notes' | 'mail'>('notes', 'mail'),
      key: mostly<0 | 1 | undefined>(undefined, 0, 1),
    }),
  ],
  [
    6,
    fc.record({
      do: fc.constant('redeem' as const),
      code: recent,
      verifier: mostly<'right' | 'wrong'>('right', 'wrong'),
      sending,
    }),
  ],
  [2, fc.record({ do: fc.constant('redeem at once' as const), code: recent, times: fc.integer({ min: 2, max: 6 }) })],
  [10, fc.record({ do: fc.constant('refresh' as const), token: recent, scopes: asked, sending })],
  [
    3,
    fc.record({ do: fc.constant('refresh at once' as const), token: recent, times: fc.integer({ min: 2, max: 11 }) }),
  ],
  [
    8,
    fc.record({
      do: fc.constant('exchange' as const),
      token: recent,
      path: mostly<0 | 1>(0, 1),
      scopes: asked,
      key,
    }),
  ],
  [
    3,
    fc.record({
      do: fc.constant('revoke' as const),
      what: fc.constantFrom('access' as const, 'refresh' as const),
      token: recent,
      by: mostly<Sending['by']>('its client', 'another client'),
    }),
  ],
  [1, end('revoke access token', 'revoke refresh token')],
  [
    4,
    fc.record({
      do: fc.constant('call' as const),
      token: recent,
      tool: fc.constantFrom(...(Object.keys(tools) as ToolName[])),
    }),
  ],
  [3, deviceRequest],
  [
    4,
    fc.record({
      do: fc.constant('connect device' as const),
      client: recent,
      user,
      resource: mostly<'notes' | 'mail'>('notes', 'mail'),
      key,
    }),
  ],
  [5, fc.record({ do: fc.constant('decide on device' as const), device: recent, user, decision })],
  [7, fc.record({ do: fc.constant('poll' as const), device: recent, sending })],
  [1, fc.record({ do: fc.constant('poll at once' as const), device: recent, times: fc.integer({ min: 2, max: 4 }) })],
  [2, fc.constant({ do: 'publish' as const })],
  [
    4,
    fc.record({
      do: fc.constant('change document' as const),
      client: recent,
      becomes: fc.constantFrom('good' as const, ...(Object.keys(documentScopes) as DocumentState[])),
    }),
  ],
  [
    5,
    fc.record({
      do: fc.constant('assert' as const),
      issuer,
      person: user,
      scopes: anyScopes('notes').filter((scopes) => scopes.length > 0),
      signedInAgo: fc.constantFrom(undefined, 0, 200, 301),
      key,
      times: mostly(1, 3),
    }),
  ],
  [2, fc.record({ do: fc.constant('present again' as const), assertion: recent, key })],
  [
    1,
    fc.record({
      do: fc.constant('issuer' as const),
      issuer,
      becomes: fc.constantFrom('trusted' as const, 'removed' as const),
    }),
  ],
  [5, fc.record({ do: fc.constant('wait' as const), seconds: fc.constantFrom(...waits) })],
  [1, fc.constant({ do: 'sweep' as const })],
];

const administered: typeof common = [
  [
    4,
    fc.record({
      do: fc.constant('user' as const),
      user,
      becomes: fc.constantFrom('active' as const, 'disabled' as const),
    }),
  ],
  [1, fc.record({ do: fc.constant('user' as const), user, becomes: fc.constant('deleted' as const) })],
  [1, fc.record({ do: fc.constant('link' as const), issuer, person: user, user })],
  [1, fc.record({ do: fc.constant('unlink' as const), issuer, person: user })],
  [1, fc.record({ do: fc.constant('withdraw' as const), token: recent })],
  [1, fc.record({ do: fc.constant('delete client' as const), client: recent })],
  [1, fc.constant({ do: 'delete machine' as const })],
  [
    2,
    fc.record({
      do: fc.constant('rotate keys' as const),
      kind: fc.constantFrom<KeyRotation>('ahead', 'at once', 'old ones are compromised'),
    }),
  ],
  [2, end('disable user', 'delete user', 'delete client')],
];

function end(...ways: readonly Ending[]): fc.Arbitrary<Action> {
  return fc.record({ do: fc.constant('end while it is used' as const), how: fc.constantFrom(...ways), token: recent });
}

/** Any step that a kind of server knows. */
export function anyAction(isAdministered: boolean): fc.Arbitrary<Action> {
  const steps = isAdministered ? [...common, ...administered] : common;
  return fc.oneof(...steps.map(([weight, arbitrary]) => ({ weight, arbitrary })));
}
