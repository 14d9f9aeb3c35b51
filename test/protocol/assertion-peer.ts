import { hashSecret } from '../../src/core/hash.ts';
import type { ClientId } from '../../src/core/ids.ts';
import type { Client } from '../../src/core/records.ts';
import { Portcullis } from '../../src/portcullis/portcullis.ts';
import type { OAuthProvider } from '../../src/provider.ts';
import type { Answer } from '../../src/testing/test-client.ts';
import { identityAssertionGrant, presentAssertion, type TestIssuer } from '../../src/testing/test-issuer.ts';

type Members = Readonly<Record<string, unknown>>;

export const appId = 'team-app';

/** Registers a client for the grant, as an administrator does. */
export async function addApp(provider: OAuthProvider, changes: Partial<Client> = {}, clientId = appId): Promise<void> {
  const client: Client = {
    clientId: clientId as ClientId,
    clientSecretHash: hashSecret(`secret of ${clientId}`),
    tokenEndpointAuthMethod: 'client_secret_post',
    redirectUris: [],
    grantTypes: [identityAssertionGrant],
    responseTypes: [],
    scopes: ['read', 'write'],
    registeredBy: 'administrator',
    issuedAt: provider.clock.now(),
    ...changes,
  };
  if (provider instanceof Portcullis) await provider.services.clients.add(client);
  else await provider.registerClient(client);
}

/** A client of the team and the identity provider of its users, at one server. */
export class AssertionPeer {
  readonly provider: OAuthProvider;
  readonly issuer: TestIssuer;

  constructor(provider: OAuthProvider, issuer: TestIssuer) {
    this.provider = provider;
    this.issuer = issuer;
  }

  assertion(claims: Members = {}, header: Members = {}): Promise<string> {
    return this.issuer.assertion(this.provider, appId, claims, header);
  }

  present(
    assertion: string | undefined,
    parameters: Readonly<Record<string, string>> = {},
    headers: Readonly<Record<string, string>> = {},
    clientId = appId,
  ): Promise<Answer> {
    const client = { clientId, secret: `secret of ${clientId}` };
    return presentAssertion(this.provider, client, assertion, parameters, headers);
  }

  /** Presents an assertion that differs from a good one. */
  async attempt(claims: Members, header: Members = {}): Promise<Answer> {
    return this.present(await this.assertion(claims, header));
  }

  /** Whom a token is of. */
  async subjectOf(answer: Answer): Promise<string | undefined> {
    const token = String(answer.body['access_token']);
    return (await this.provider.loadAccessToken(token))?.subject;
  }
}

/** What an answer says: `200`, or its status and code. */
export function outcome({ status, body }: Answer): string {
  return status === 200 ? '200' : `${status} ${String(body['error'])}`;
}

/** @throws Error where it is no success */
export function accessTokenOf(answer: Answer): string {
  if (answer.status !== 200) throw new Error(answer.text);
  return String(answer.body['access_token']);
}
