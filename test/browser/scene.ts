import type { Browser, BrowserContext, BrowserContextOptions } from 'playwright-core';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import type { ClientId } from '../../src/core/ids.ts';
import { deviceCodeGrant } from '../../src/oauth/token/device-clients.ts';
import type { Portcullis } from '../../src/portcullis/portcullis.ts';
import { TestClient } from '../../src/testing/test-client.ts';
import { type NotesServer, type NotesServerOptions, startNotesServer } from '../support/notes-server.ts';
import { launchChromium } from './chromium.ts';
import { LoopbackApp, type LoopbackAppOptions } from './loopback-app.ts';
import { type Person, personAt } from './person.ts';
import { watch } from './watch.ts';

// Said where the test was quicker to fill a field in than the browser to focus the first one.
const harmless = /Autofocus processing was blocked because a document already has a focused element/;

/** A server, people with browsers and their apps, for one test. */
export interface Scene {
  readonly server: NotesServer;
  /**
   * Somebody with a browser of their own. When the test is over, the browser must have complained of nothing, and asked
   * for nothing but pages of this scene.
   */
  person(options?: BrowserContextOptions): Promise<Person>;
  app(options?: LoopbackAppOptions): Promise<LoopbackApp>;
  /** A device without a browser, of a client that an administrator added. */
  terminal(): Promise<TestClient>;
  /** Somewhere else that browsers may go: an origin, or a scheme with its colon. */
  foresee(place: string): void;
  /** A complaint of browsers that is part of the test. */
  excuse(complaint: RegExp): void;
  /** Does something when the test is over and its browsers are closed: until then they may ask for a page's icon, say. */
  afterBrowsers(act: () => unknown): void;
}

/** Starts Chromium for the tests of a file, and gives what opens a scene for one of them. */
export function chromiumScenes(): (options?: NotesServerOptions) => Promise<Scene> {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launchChromium();
  });
  afterAll(() => browser?.close());
  return async (options) => {
    const server = await startNotesServer(options);
    onTestFinished(() => server.close());
    const places = new Set([server.baseUrl]);
    const excused: RegExp[] = [];
    const contexts = new Set<BrowserContext>();
    const closeBrowsers = () => Promise.all([...contexts].map((context) => context.close()));
    const afterBrowsers = (act: () => unknown) =>
      onTestFinished(async () => {
        await closeBrowsers();
        await act();
      });
    return {
      server,
      afterBrowsers,
      async person(contextOptions) {
        const context = await browser.newContext(contextOptions);
        contexts.add(context);
        const seen = watch(context, places);
        afterBrowsers(() => {
          const complaints = seen.complaints.filter(
            (text) => !harmless.test(text) && !excused.some((pattern) => pattern.test(text)),
          );
          expect({ ...seen, complaints }).toEqual({ requests: [], complaints: [] });
        });
        return personAt(await context.newPage());
      },
      async app(appOptions) {
        const app = await LoopbackApp.open(server.mcpUrl, appOptions);
        afterBrowsers(() => app.close());
        places.add(new URL(app.redirectUrl).origin);
        return app;
      },
      terminal: () => terminal(server.portcullis),
      foresee: (place) => void places.add(place),
      excuse: (complaint) => void excused.push(complaint),
    };
  };
}

async function terminal(portcullis: Portcullis): Promise<TestClient> {
  const clientId = 'terminal' as ClientId;
  await portcullis.services.clients.add({
    clientId,
    clientName: 'Workshop terminal',
    tokenEndpointAuthMethod: 'none',
    redirectUris: [],
    responseTypes: [],
    grantTypes: [deviceCodeGrant, 'refresh_token'],
    scopes: ['notes:read', 'notes:write', 'notes:delete'],
    registeredBy: 'administrator',
    issuedAt: 0,
  });
  return new TestClient(portcullis, { clientId, authMethod: 'none', redirectUri: '' });
}
