import assert from 'node:assert/strict';
import type { ClientId } from '../../core/ids.ts';
import { type AcceptanceCase, acceptanceCase } from '../acceptance-case.ts';
import { type AcceptanceRun, assertOAuthError } from '../acceptance-run.ts';
import { type Answer, jsonPost } from '../test-client.ts';
import { TestPublisher } from '../test-publisher.ts';

let made: TestPublisher | undefined;

/** One publisher, with one pair of keys for the whole suite. */
function publisher(): TestPublisher {
  made ??= new TestPublisher();
  return made;
}

function statementCase(name: string, act: (run: AcceptanceRun) => Promise<void>): AcceptanceCase {
  return acceptanceCase(name, act, {
    environment: {
      get softwareStatements() {
        return { issuers: [publisher().trusted({ admits: true })] };
      },
    },
  });
}

function register(run: AcceptanceRun, metadata: object): Promise<Answer> {
  return run.send(jsonPost(run.provider.endpointUrl('register'), metadata));
}

/** Clients that bring what a trusted publisher states of them. */
export const softwareStatementCases: readonly AcceptanceCase[] = [
  statementCase(
    'a client that brings a software statement is found again with what it states, and with the statement [RFC7591-23, RFC7591-24, RFC7591-25]',
    async (run) => {
      const statement = await publisher().statement(run.provider);
      const sent = {
        client_name: 'Something else',
        redirect_uris: ['https://evil.example/cb'],
        token_endpoint_auth_method: 'none',
        software_statement: statement,
      };
      const answer = await register(run, sent);
      assert.equal(answer.status, 201, answer.text);
      assert.equal(answer.body['client_name'], 'Notes of the publisher');
      assert.equal(answer.body['software_statement'], statement);
      const client = await run.provider.getClient(answer.body['client_id'] as ClientId);
      assert.deepEqual(client?.redirectUris, ['http://localhost:9999/cb']);
      assert.deepEqual(client?.software, { statement, issuer: publisher().issuer, softwareId: 'notes' });
      assert.equal(client?.admission, 'vouched', 'how a client was let in should be kept with it');
    },
  ),

  statementCase(
    'a software statement that is forged, expired or of a stranger registers nobody [RFC7591-26, RFC7591-27]',
    async (run) => {
      const { provider } = run;
      const stranger = new TestPublisher('https://stranger.example');
      const forger = new TestPublisher(publisher().issuer);
      const attempts: readonly [Promise<string>, string][] = [
        [forger.statement(provider), 'invalid_software_statement'],
        [publisher().statement(provider, { exp: 1 }), 'invalid_software_statement'],
        [stranger.statement(provider), 'unapproved_software_statement'],
        [publisher().statement(provider, { redirect_uris: undefined }), 'unapproved_software_statement'],
      ];
      for (const [statement, code] of attempts)
        assertOAuthError(await register(run, { software_statement: await statement }), 400, code);
    },
  ),
];
