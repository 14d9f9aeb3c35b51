import assert from 'node:assert/strict';
import type { Answer } from '../../../src/testing/test-client.ts';
import { sendRefreshToken } from './play-tokens.ts';
import { asItShould, newest, sendingOf } from './presenting.ts';
import { at, type Reference } from './reference.ts';
import { exchanges, resources } from './rules.ts';
import type { Action } from './steps.ts';
import { type Cast, idOf } from './world.ts';

type End = Extract<Action, { readonly do: 'end while it is used' }>;

/** Needs a refresh token that works and an access token beside it: their grant is what is ended. */
export function isEndPossible({ token }: End, reference: Reference): boolean {
  if (reference.refreshTokens.length === 0) return false;
  const index = newest(reference.refreshTokens, token);
  const { grant, generation, expiresAt } = at(reference.refreshTokens, index);
  const works = reference.isGrantAlive(grant) && expiresAt > reference.now;
  return works && at(reference.grants, grant).generation === generation && aliveBeside(grant, reference) !== undefined;
}

/**
 * Ends a grant while its tokens are being refreshed and exchanged. Who is first is nobody's to say: but whatever was
 * handed out is dead afterwards.
 */
export async function endWhileUsed({ how, token }: End, reference: Reference, cast: Cast): Promise<string> {
  const index = newest(reference.refreshTokens, token);
  const { grant } = at(reference.refreshTokens, index);
  const access = aliveBeside(grant, reference);
  assert.ok(access !== undefined);
  const sent = sendingOf(reference.refreshTokens, index, asItShould, reference);
  const use = () => sendRefreshToken(index, undefined, sent, cast);
  const [{ server, to }] = [at(exchanges, 0)];
  const exchange = () => cast.exchange(server, at(cast.accessTokens, access), resources[to].uri, undefined);
  const [first, , ...later] = await Promise.all([
    use(),
    end(how, index, access, reference, cast),
    exchange(),
    use(),
    exchange(),
  ]);
  const answers = [first, ...later];
  for (const answer of answers) keep(answer, cast);
  return `grant ${grant}: ${how}; refreshed and exchanged meanwhile: ${answers.map(({ status }) => status).join(', ')}`;
}

async function end(how: End['how'], refresh: number, access: number, reference: Reference, cast: Cast): Promise<void> {
  const { client, user } = at(reference.grants, at(reference.refreshTokens, refresh).grant);
  assert.ok(typeof client === 'number' && user !== undefined);
  const holder = at(cast.clients, client);
  switch (how) {
    case 'revoke access token':
      reference.revoke('access', access, client);
      await holder.revoke(at(cast.accessTokens, access));
      return;
    case 'revoke refresh token':
      reference.revoke('refresh', refresh, client);
      await holder.revoke(at(cast.refreshTokens, refresh));
      return;
    case 'disable user':
      reference.setUser(user, 'disabled');
      await cast.world.setUser(user, 'disabled');
      return;
    case 'delete user':
      reference.setUser(user, 'deleted');
      await cast.world.setUser(user, 'deleted');
      return;
    case 'delete client':
      reference.deleteClient(client);
      await cast.world.deleteClient(idOf(holder.clientId));
      return;
  }
}

function keep({ status, text, body }: Answer, cast: Cast): void {
  assert.ok(status < 500, text);
  for (const member of ['access_token', 'refresh_token']) {
    const secret = body[member];
    if (typeof secret === 'string') cast.strays.push(secret);
  }
}

/** The newest access token of a grant that works. */
function aliveBeside(grant: number, reference: Reference): number | undefined {
  const index = reference.accessTokens.findLastIndex(
    (token, number) => token.grant === grant && reference.isAccessTokenAlive(number),
  );
  return index === -1 ? undefined : index;
}
