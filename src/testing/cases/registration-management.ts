import assert from 'node:assert/strict';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { type AcceptanceRun, assertOAuthError } from '../acceptance-run.ts';
import { type Answer, jsonPost } from '../test-client.ts';

const metadata = { redirect_uris: ['http://localhost:9999/cb'], token_endpoint_auth_method: 'none' };

interface Managed {
  readonly clientId: string;
  readonly url: string;
  readonly token: string;
}

/** `undefined` where the provider does not let clients manage their registration. */
async function managed(run: AcceptanceRun): Promise<Managed | undefined> {
  const { body } = await run.send(jsonPost(run.provider.endpointUrl('register'), metadata));
  const url = body['registration_client_uri'];
  if (url === undefined) return undefined;
  return { clientId: String(body['client_id']), url: String(url), token: String(body['registration_access_token']) };
}

function manage(run: AcceptanceRun, { url, token }: Managed, method: string, body?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  return run.send(new Request(url, { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }));
}

/** Clients that manage what they registered, where the provider lets them. */
export const registrationManagementCases: readonly AcceptanceCase[] = [
  acceptanceCase(
    'a client that may manage its registration replaces all of it, and nobody else does [RFC7592-05, RFC7592-06, RFC7592-07]',
    async (run) => {
      const client = await managed(run);
      const other = await managed(run);
      if (client === undefined || other === undefined) return;
      const update = { ...metadata, client_id: client.clientId, client_name: 'Changed' };
      assertOAuthError(await manage(run, { ...client, token: other.token }, 'PUT', update), 401, 'invalid_token');
      const changed = await manage(run, client, 'PUT', update);
      assert.equal(changed.status, 200, changed.text);
      const read = await manage(run, client, 'GET');
      assert.deepEqual([read.body['client_name'], read.body['client_id']], ['Changed', client.clientId]);
      const back = await manage(run, client, 'PUT', { ...metadata, client_id: client.clientId });
      assert.equal('client_name' in back.body, false);
    },
  ),

  acceptanceCase(
    'a client that ends its registration is gone, and of any number of attempts one ends it [RFC7592-04, RFC7592-11]',
    async (run) => {
      const client = await managed(run);
      if (client === undefined) return;
      const answers = await Promise.all(Array.from({ length: 20 }, () => manage(run, client, 'DELETE')));
      assert.equal(answers.filter(({ status }) => status === 204).length, 1);
      assertOAuthError(await manage(run, client, 'GET'), 401, 'invalid_token');
      const update = { ...metadata, client_id: client.clientId };
      assertOAuthError(await manage(run, client, 'PUT', update), 401, 'invalid_token');
    },
    // Who comes after the end has a token of nobody, which would look like guessing.
    { environment: { clientAuthentication: { throttle: { freeFailures: 1000, addressFailures: 1000 } } } },
  ),
];
