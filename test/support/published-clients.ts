import type { RequestListener } from 'node:http';
import { onTestFinished } from 'vitest';
import { ManualClock } from '../../src/core/clock.ts';
import { createFetcher, type EgressSettings } from '../../src/core/egress/create.ts';
import type { PortcullisConfig } from '../../src/portcullis/config.ts';
import { TestClient } from '../../src/testing/test-client.ts';
import { type ConsentHarness, openConsent } from './consent.ts';
import { type OutsideHost, startOutsideHost } from './outside-host.ts';

export const documentPath = '/client.json';

/** A host on loopback that publishes metadata documents, and a server that may fetch from it. */
export interface PublishedClients extends ConsentHarness {
  readonly host: OutsideHost;
  /** The URL of the document, which is the client id. */
  readonly clientId: string;
  /** Publishes the document with these members, and these headers, from now on. */
  publish(members?: Readonly<Record<string, unknown>>, headers?: Readonly<Record<string, string>>): void;
  /** Answers whatever this says from now on. */
  answer(listener: RequestListener): void;
  /** The client at its redirect URI: by default an https one of its own host. */
  published(redirectUri?: string): TestClient;
}

/** Opens a server with such a host; the clock of the server is the fetcher's too. */
export async function openPublished(
  config: PortcullisConfig = {},
  egress: EgressSettings = {},
): Promise<PublishedClients> {
  const clock = new ManualClock();
  let current: RequestListener = (_request, response) => void response.writeHead(404).end();
  const host = await startOutsideHost('app.example', (request, response) => current(request, response));
  onTestFinished(() => host.close());
  const fetcher = createFetcher(
    { privateHosts: [host.exception], originBudget: { concurrent: 20, requests: 10_000 }, ...egress },
    { clock, report: () => {}, resolver: host.resolver },
  );
  if (fetcher === undefined) throw new Error('egress is off');
  const harness = await openConsent(config, { clock, egress: fetcher });
  const clientId = `${host.origin}${documentPath}`;
  const usual = `${host.origin}/callback`;
  const publish: PublishedClients['publish'] = (members = {}, headers = {}) => {
    const document = {
      client_id: clientId,
      client_name: 'Sticky Desk',
      redirect_uris: [usual, 'http://localhost/callback', 'http://127.0.0.1/callback', 'com.example.desk:/callback'],
      token_endpoint_auth_method: 'none',
      ...members,
    };
    current = (_request, response) =>
      void response.writeHead(200, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(document));
  };
  publish();
  return {
    ...harness,
    host,
    clientId,
    publish,
    answer: (listener) => {
      current = listener;
    },
    published: (redirectUri = usual) =>
      new TestClient(harness.portcullis, { clientId, authMethod: 'none', redirectUri }),
  };
}
