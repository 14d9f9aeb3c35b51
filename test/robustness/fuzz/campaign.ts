import fc from 'fast-check';
import { bytesOf, exchange, type Outcome, type RawRequest, usualWait } from '../support/raw-http.ts';
import { anyPublished } from './documents.ts';
import { flowLength, rawOf, wholeFlow } from './flow.ts';
import { complaintAbout } from './judge.ts';
import { anyMutation, mutated } from './mutations.ts';
import { anyRequest } from './requests.ts';
import type { FuzzedServer } from './server.ts';
import { origin } from './subject.ts';

/** What was sent and how it was taken. */
export interface Tally {
  requests: number;
  overSockets: number;
  /** Answers by status; `closed` where there was none. */
  readonly statuses: Map<string, number>;
  /** The longest answer, in milliseconds. */
  slowest: number;
}

export function newTally(): Tally {
  return { requests: 0, overSockets: 0, statuses: new Map(), slowest: 0 };
}

export interface CampaignOptions {
  /** Property runs: one request each, or `mutationsPerFlow`. */
  readonly runs: number;
  readonly seed: number;
  /** Ends the campaign early, in milliseconds. */
  readonly time: number;
}

/** How many changed requests one flow is interrupted for. */
export const mutationsPerFlow = 12;

/** After this an answer does not come any more, however busy the machine is: milliseconds. */
const patience = 60_000;

// One in so many goes over a real socket.
const socketShare = 10;

interface ProbeOptions {
  /** Statuses from 500 that are right. */
  readonly allowed?: readonly number[];
  /** How long the server may take until it seems to wait for more, in milliseconds. */
  readonly waits?: number;
}

/** Sends one request and throws where the server took it badly. */
async function probe(
  request: RawRequest,
  server: FuzzedServer,
  tally: Tally,
  { allowed = [], waits }: ProbeOptions = {},
): Promise<Outcome> {
  tally.requests += 1;
  const inside = tally.requests % socketShare !== 0;
  const connection = inside ? server.connectInside() : server.connectOutside();
  let outcome = await exchange(connection, bytesOf(request), waits, patience);
  if (!inside) tally.overSockets += 1;
  // A pair of streams drops what is written right before it is destroyed; a socket does not. And to a client that says too
  // soon that there is no more, Node answers nothing: a busy server may need longer.
  for (const longer of [usualWait, usualWait * 6, usualWait * 30])
    if (outcome.kind === 'closed')
      outcome = await exchange(server.connectOutside(), bytesOf(request), waits ?? longer, patience);
  const kind = outcome.kind === 'answered' ? String(outcome.response.status) : outcome.kind;
  tally.statuses.set(kind, (tally.statuses.get(kind) ?? 0) + 1);
  if (outcome.kind === 'answered') tally.slowest = Math.max(tally.slowest, outcome.milliseconds);
  const complaint = complaintAbout(request, outcome, server, allowed);
  if (complaint !== undefined) throw new Error(`${complaint}\n${bytesOf(request).toString('latin1').slice(0, 2000)}`);
  return outcome;
}

/** Requests with nothing in them that has to be right, to every endpoint and page. */
export function fuzzAnything(server: FuzzedServer, tally: Tally, options: CampaignOptions): Promise<void> {
  const property = fc.asyncProperty(anyRequest(server.places), async (request) => {
    await probe(request, server, tally);
  });
  return fc.assert(property, parametersOf(options));
}

/** How many requests come with one document. */
export const requestsPerDocument = 3;

// The host of a document may be what is wrong: then the client waits, and is told to come again.
const asksAHost = { allowed: [503], waits: 30_000 };

/** Clients that come with metadata documents of every kind, good ones and hostile ones, and the pages that show what is in them. */
export async function fuzzDocuments(server: FuzzedServer, tally: Tally, options: CampaignOptions): Promise<void> {
  const session = await signedInCookies(server);
  const headers = [
    ['host', new URL(origin).host],
    ['connection', 'close'],
    ['cookie', session],
  ] as const;
  const property = fc.asyncProperty(anyPublished, fc.boolean(), async (document, isPushed) => {
    const client_id = server.documents.publish(document);
    const asked = new URLSearchParams({ ...askedFor, client_id });
    const form = [...headers, ['content-type', 'application/x-www-form-urlencoded']] as const;
    const target = isPushed ? '/par' : '/device_authorization';
    const outcome = await probe({ method: 'GET', target: `/authorize?${asked}`, headers }, server, tally, asksAHost);
    const next = outcome.kind === 'answered' ? (outcome.response.headers.get('location') ?? '') : '';
    if (next.startsWith(origin))
      await probe({ method: 'GET', target: next.slice(origin.length), headers }, server, tally);
    await probe({ method: 'POST', target, headers: form, body: Buffer.from(`${asked}`) }, server, tally, asksAHost);
  });
  return fc.assert(property, parametersOf(options));
}

const askedFor = {
  response_type: 'code',
  redirect_uri: 'http://localhost:9999/cb',
  code_challenge: 'c'.repeat(43),
  code_challenge_method: 'S256',
  scope: 'notes:read',
};

/** Ends a flow at the request that was changed. */
class FlowCut extends Error {}

/** Valid flows, each cut short at one request, which is sent with one or two fields changed, in several ways. */
export async function fuzzFlows(server: FuzzedServer, tally: Tally, options: CampaignOptions): Promise<void> {
  const session = await signedInCookies(server);
  const changes = fc.array(anyMutation, { minLength: 1, maxLength: 2 });
  const property = fc.asyncProperty(
    fc.nat({ max: flowLength - 1 }),
    fc.nat({ max: 99 }),
    fc.array(changes, { minLength: mutationsPerFlow, maxLength: mutationsPerFlow }),
    async (cut, variant, variations) => {
      let step = 0;
      const send = async (request: Request) => {
        // Nineteen flows of twenty find the user signed in: hashing a password takes longer than all the rest.
        if (variant >= 5 && !isSignedIn(request)) addCookies(request, session);
        if (step < cut) {
          step += 1;
          return server.send(request);
        }
        const valid = await rawOf(request);
        for (const variation of variations) await probe(variation.reduce(mutated, valid), server, tally);
        throw new FlowCut();
      };
      await untilCut(wholeFlow(server, send, variant));
    },
  );
  return fc.assert(property, parametersOf(options));
}

function parametersOf({ runs, seed, time }: CampaignOptions): fc.Parameters<unknown> {
  // Not shrunk, because the server that a failure leaves behind is not the one that it met.
  return { numRuns: runs, seed, interruptAfterTimeLimit: time, endOnFailure: true, includeErrorInReport: true };
}

async function untilCut(flow: Promise<void>): Promise<void> {
  try {
    await flow;
  } catch (error) {
    if (!(error instanceof FlowCut)) throw error;
  }
}

function isSignedIn(request: Request): boolean {
  return (request.headers.get('cookie') ?? '').includes('portcullis-session');
}

function addCookies(request: Request, cookies: string): void {
  const own = request.headers.get('cookie');
  request.headers.set('cookie', own === null ? cookies : `${own}; ${cookies}`);
}

/** The session cookie of a browser that has signed in. */
async function signedInCookies(server: FuzzedServer): Promise<string> {
  let session: string | undefined;
  const send = async (request: Request) => {
    const response = await server.send(request);
    session ??= response.headers.getSetCookie().find((cookie) => cookie.startsWith('portcullis-session'));
    if (session !== undefined) throw new FlowCut();
    return response;
  };
  await untilCut(wholeFlow(server, send, 0));
  if (session === undefined) throw new Error('nobody could sign in');
  return session.split(';', 1)[0] ?? '';
}
