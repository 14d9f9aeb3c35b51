import { describe, expect, it } from 'vitest';
import type { ClientId, ResourceUri, Subject } from '../core/ids.ts';
import { SessionOwners } from './session-owners.ts';

const alice = {
  clientId: 'editor' as ClientId,
  subject: 'alice' as Subject,
  resource: 'http://localhost/mcp' as ResourceUri,
};
const bob = { ...alice, subject: 'bob' as Subject };
const aliceElsewhere = { ...alice, clientId: 'terminal' as ClientId };
const aliceAtAnotherResource = { ...alice, resource: 'http://localhost/admin/mcp' as ResourceUri };

function request(method: string, sessionId?: string): Request {
  return new Request('http://localhost/mcp', {
    method,
    headers: sessionId === undefined ? {} : { 'mcp-session-id': sessionId },
  });
}

function opening(sessionId: string): () => Promise<Response> {
  return async () => new Response('{}', { headers: { 'mcp-session-id': sessionId } });
}

describe('SessionOwners', () => {
  it('lets the owner go on, and answers everybody else as if the session did not exist [CASE-84]', async () => {
    const owners = new SessionOwners();
    expect((await owners.guard(request('POST'), alice, opening('one'))).status).toBe(200);
    expect(owners.refuse('one', alice)).toBeUndefined();
    for (const stranger of [bob, aliceElsewhere, aliceAtAnotherResource]) {
      const refusal = await owners.guard(request('POST', 'one'), stranger, () => Promise.reject(new Error('was run')));
      const unknown = owners.refuse('none such', stranger);
      expect(refusal.status).toBe(404);
      expect(await refusal.text()).toBe(await unknown?.text());
    }
  });

  it('lets a request without a session id pass', () => {
    expect(new SessionOwners().refuse(null, alice)).toBeUndefined();
    expect(new SessionOwners().refuse(undefined, alice)).toBeUndefined();
  });

  it('keeps the first owner, whatever a transport answers later', async () => {
    const owners = new SessionOwners();
    owners.remember('one', alice);
    await owners.guard(request('POST'), bob, opening('one'));
    expect(owners.refuse('one', bob)?.status).toBe(404);
    expect(owners.refuse('one', alice)).toBeUndefined();
  });

  it('forgets a session that its owner has ended, and keeps one whose end failed', async () => {
    const owners = new SessionOwners();
    owners.remember('one', alice);
    await owners.guard(request('DELETE', 'one'), alice, async () => new Response(null, { status: 405 }));
    expect(owners.refuse('one', alice)).toBeUndefined();
    await owners.guard(request('DELETE', 'one'), alice, async () => new Response(null, { status: 200 }));
    expect(owners.refuse('one', alice)?.status).toBe(404);
  });

  it('forgets the session used longest ago when there are too many', () => {
    const owners = new SessionOwners({ maximumSessions: 2 });
    owners.remember('one', alice);
    owners.remember('two', alice);
    expect(owners.refuse('one', alice)).toBeUndefined();
    owners.remember('three', alice);
    expect(owners.refuse('one', alice)).toBeUndefined();
    expect(owners.refuse('two', alice)?.status).toBe(404);
  });
});
