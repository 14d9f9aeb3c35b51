import assert from 'node:assert/strict';
import type { ResourceUri } from '../../../src/core/ids.ts';
import { at, type Reference } from './reference.ts';
import { introspected, introspector, type ResourceName, resourceNames, resources } from './rules.ts';
import { type Cast, idOf } from './world.ts';

/**
 * Holds the server against the reference: nothing is alive that the reference says is dead, and nothing dead that it says
 * is alive. Asks in every way that does not itself change anything.
 * @throws AssertionError naming what differs
 */
export async function compare(reference: Reference, cast: Cast): Promise<void> {
  const { provider } = cast.world;
  const somebody = await provider.getClient(idOf(introspector));
  assert.ok(somebody);
  for (const index of reference.accessTokens.keys()) await compareAccessToken(index, reference, cast);
  for (const [index, token] of reference.refreshTokens.entries()) {
    const found = await provider.loadRefreshToken(somebody, at(cast.refreshTokens, index));
    agree(`refresh token ${index} is recognised`, found !== undefined, reference.isKnown(token));
    if (found === undefined) continue;
    const { scopes } = at(reference.grants, token.grant);
    assert.deepEqual(
      { expiresAt: found.expiresAt, key: found.keyThumbprint, scopes: [...found.grant.scopes].sort() },
      { expiresAt: token.expiresAt, key: cast.thumbprint(token.key), scopes: [...scopes].sort() },
      `refresh token ${index} is not what was granted`,
    );
  }
  for (const [index, code] of reference.codes.entries()) {
    const found = await provider.loadAuthorizationCode(somebody, at(cast.codes, index).code);
    agree(`code ${index} is recognised`, found !== undefined, reference.isKnown(code));
  }
  for (const stray of cast.strays) {
    const found = (await provider.loadAccessToken(stray)) ?? (await provider.loadRefreshToken(somebody, stray));
    agree('a token that was issued while its grant was being ended is recognised', found !== undefined, false);
  }
}

/** The same, and by introspection and at the gates, which costs more. */
export async function compareThoroughly(reference: Reference, cast: Cast): Promise<void> {
  await compare(reference, cast);
  for (const [index, { grant, key }] of reference.accessTokens.entries()) {
    const token = at(cast.accessTokens, index);
    const { resource } = at(reference.grants, grant);
    const isAlive = reference.isAccessTokenAlive(index);
    const altered = [token.slice(0, -8), ...token.slice(-8).split('').reverse()].join('');
    agree(`access token ${index}, altered, is recognised`, await isFound(altered, cast), false);
    // Of tokens for other resources than its own a server learns nothing.
    const isSeen = isAlive && introspected.includes(resource);
    agree(`access token ${index} is active`, await isActive(token, resource, cast), isSeen);
    for (const name of ['notes', 'mail'] as const) {
      const isRight = isAlive && name === resource;
      const passes = (proven?: number) => cast.passes(token, name, proven);
      agree(`access token ${index} passes at ${name} by itself`, await passes(), isRight && key === undefined);
      if (key === undefined) continue;
      agree(`access token ${index} passes at ${name} with its key`, await passes(key), isRight);
      agree(`access token ${index} passes at ${name} with another key`, await passes(1 - key), false);
    }
  }
}

async function compareAccessToken(index: number, reference: Reference, cast: Cast): Promise<void> {
  const { provider, clock } = cast.world;
  const token = at(cast.accessTokens, index);
  const expected = at(reference.accessTokens, index);
  const grant = at(reference.grants, expected.grant);
  const isAlive = reference.isAccessTokenAlive(index);
  const what = `access token ${index}`;
  for (const name of resourceNames) {
    const verified = await provider.verifyToken(token, resources[name].uri as ResourceUri);
    agree(`${what} is good at ${name}`, verified !== undefined, isAlive && name === grant.resource);
  }
  const loaded = await provider.loadAccessToken(token);
  agree(`${what} is alive`, loaded !== undefined && loaded.expiresAt > clock.now(), isAlive);
  if (loaded === undefined || !isAlive) return;
  const { scopes, resource, expiresAt, keyThumbprint, clientId, claims } = loaded;
  const { signIn } = grant;
  const described = {
    scopes: [...expected.scopes].sort(),
    resource: resources[grant.resource].uri,
    expiresAt: expected.expiresAt,
    key: cast.thumbprint(expected.key),
    signedInAt: signIn && signIn.at / 1000,
    acr: signIn?.acr,
    client: typeof grant.client === 'string' ? grant.client : at(cast.clients, grant.client).clientId,
  };
  assert.deepEqual(
    {
      scopes: [...scopes].sort(),
      resource,
      expiresAt,
      key: keyThumbprint,
      signedInAt: claims?.['auth_time'],
      acr: claims?.['acr'],
      client: clientId,
    },
    described,
    `${what} is not what was granted`,
  );
}

async function isFound(token: string, cast: Cast): Promise<boolean> {
  return (await cast.world.provider.loadAccessToken(token)) !== undefined;
}

/** What introspection says. */
async function isActive(token: string, name: ResourceName, cast: Cast): Promise<boolean> {
  const { status, body } = await cast.asServer(introspector, 'introspect', { token });
  assert.equal(status, 200);
  return body['active'] === true && body['aud'] === resources[name].uri;
}

function agree(what: string, actual: boolean, expected: boolean): void {
  assert.equal(actual, expected, `${what}: ${actual}, and by the reference ${expected}`);
}
