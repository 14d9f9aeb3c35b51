/**
 * A program: starts the server on bare Node, takes a client through authorization to its tokens, twice, and prints for
 * each kind of request which functions of `src/` ran while the last one of it was answered, as V8 counted them.
 */
import { readFileSync } from 'node:fs';
import type { Profiler } from 'node:inspector';
import { Session } from 'node:inspector/promises';
import { serve } from '../../../src/hosts/serve.ts';
import { Portcullis } from '../../../src/portcullis/portcullis.ts';
import { TestBrowser } from '../../../src/testing/test-browser.ts';
import { formPost, jsonPost, pkcePair, readAnswer } from '../../../src/testing/test-client.ts';
import { publicOrigin } from '../../robustness/support/server-process.ts';
import { Wire } from '../../robustness/support/wire.ts';
import { addTestUser, signInAndAllow, testLimits } from '../../support/portcullis-harness.ts';
import type { Passed, Walks } from './walk.ts';

const source = new URL('../../../src/', import.meta.url).href;
const redirectUri = 'http://localhost:9999/cb';

const config = { ...testLimits, baseUrl: publicOrigin, database: ':memory:' };
const portcullis = await Portcullis.open(config, { onEvent: () => {} });
await portcullis.services.retention.stop();
await addTestUser(portcullis);
const server = await serve(portcullis, { mcp: () => new Response(), port: 0 });
const wire = new Wire(server.address.port);
const inspector = new Session();
const walks: Walks = {};
inspector.connect();
await inspector.post('Profiler.enable');
try {
  const metadata = { redirect_uris: [redirectUri], token_endpoint_auth_method: 'none' };
  const { body } = await readAnswer(await send(jsonPost(`${publicOrigin}/register`, metadata)));
  // The second time counts: what a process does once, such as preparing statements, is done by then.
  await connect(String(body['client_id']));
  await connect(String(body['client_id']));
  process.stdout.write(`${JSON.stringify(walks)}\n`);
} finally {
  inspector.disconnect();
  wire.close();
  await server.close();
  await portcullis.close();
}

async function connect(clientId: string): Promise<void> {
  const { verifier, challenge } = pkcePair();
  const asked = {
    response_type: 'code',
    client_id: clientId,
    redirect_uri: redirectUri,
    code_challenge: challenge,
    code_challenge_method: 'S256',
  };
  const url = `${publicOrigin}/authorize?${new URLSearchParams(asked)}`;
  const arrived = await signInAndAllow(url, new TestBrowser(send, publicOrigin));
  const token = {
    grant_type: 'authorization_code',
    client_id: clientId,
    code: arrived.searchParams.get('code') ?? '',
    code_verifier: verifier,
    redirect_uri: redirectUri,
  };
  const { status } = await send(formPost(`${publicOrigin}/token`, token));
  if (status !== 200) throw new Error(`the code was answered with ${status}`);
}

/** Sends a request and notes what ran until its answer was there. */
async function send(request: Request): Promise<Response> {
  await inspector.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });
  const response = await wire.send(request);
  const { result } = await inspector.post('Profiler.takePreciseCoverage');
  await inspector.post('Profiler.stopPreciseCoverage');
  walks[`${request.method} ${new URL(request.url).pathname}`] = result.flatMap(passed);
  return response;
}

/** What ran in a file of `src/`; nothing for one in which nothing did, or which is the client's side. */
function passed({ url, functions }: Profiler.ScriptCoverage): Passed[] {
  const ran = functions.filter(({ ranges }) => ranges.some(({ count }) => count > 0));
  if (!url.startsWith(source) || url.startsWith(`${source}testing/`) || ran.length === 0) return [];
  const text = readFileSync(new URL(url), 'utf8');
  // As it is written: `async …` or `…): Promise<…> {`.
  const isWaiting = ({ ranges }: Profiler.FunctionCoverage) =>
    /^(?:(?:static )?async\b|[^{;]*?\): Promise<[^{|]*> \{)/.test(text.slice(ranges[0]?.startOffset));
  return [
    {
      file: url.slice(source.length),
      functions: ran.map(({ functionName }) => functionName),
      waits: ran.some(isWaiting),
    },
  ];
}
