import fc from 'fast-check';
import { bytesOf, exchange, type Outcome, type RawRequest } from '../support/raw-http.ts';
import { flowLength, rawOf, wholeFlow } from './flow.ts';
import { complaintAbout } from './judge.ts';
import { anyMutation, mutated } from './mutations.ts';
import { anyRequest } from './requests.ts';
import { type FuzzedServer, origin } from './server.ts';

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
  readonly requests: number;
  readonly seed: number;
}

// One in so many goes over a real socket.
const socketShare = 10;

/** Sends one request and throws where the server took it badly. */
async function probe(request: RawRequest, server: FuzzedServer, tally: Tally): Promise<Outcome> {
  tally.requests += 1;
  const inside = tally.requests % socketShare !== 0;
  let outcome = await exchange(inside ? server.connectInside() : server.connectOutside(), bytesOf(request));
  if (!inside) tally.overSockets += 1;
  // A pair of streams drops what is written right before it is destroyed; a socket does not.
  if (inside && outcome.kind === 'closed') outcome = await exchange(server.connectOutside(), bytesOf(request));
  const kind = outcome.kind === 'answered' ? String(outcome.response.status) : outcome.kind;
  tally.statuses.set(kind, (tally.statuses.get(kind) ?? 0) + 1);
  if (outcome.kind === 'answered') tally.slowest = Math.max(tally.slowest, outcome.milliseconds);
  const complaint = complaintAbout(request, outcome, server);
  if (complaint !== undefined) throw new Error(`${complaint}\n${bytesOf(request).toString('latin1').slice(0, 2000)}`);
  return outcome;
}

/** Requests with nothing in them that has to be right, to every endpoint and page. */
export function fuzzAnything(server: FuzzedServer, tally: Tally, { requests, seed }: CampaignOptions): Promise<void> {
  const property = fc.asyncProperty(anyRequest(server.places), async (request) => {
    await probe(request, server, tally);
  });
  return fc.assert(property, { numRuns: requests, seed });
}

/** Ends a flow at the request that was changed. */
class FlowCut extends Error {}

/** Valid flows, each with one field of one request changed. */
export async function fuzzFlows(
  server: FuzzedServer,
  tally: Tally,
  { requests, seed }: CampaignOptions,
): Promise<void> {
  const session = await signedInCookies(server);
  const property = fc.asyncProperty(
    fc.nat({ max: flowLength }),
    fc.nat({ max: 99 }),
    fc.array(anyMutation, { minLength: 1, maxLength: 2 }),
    async (cut, variant, mutations) => {
      let step = 0;
      const send = async (request: Request) => {
        if (variant >= 5 && !(request.headers.get('cookie') ?? '').includes('session')) addCookies(request, session);
        if (step === cut) {
          await probe(mutations.reduce(mutated, await rawOf(request)), server, tally);
          throw new FlowCut();
        }
        step += 1;
        return (await answered(request, server)) as Response;
      };
      await wholeFlow(server, send, variant).catch((error: unknown) => {
        if (!(error instanceof FlowCut)) throw error;
      });
    },
  );
  return fc.assert(property, { numRuns: requests, seed });
}

async function answered(request: Request, { portcullis }: FuzzedServer): Promise<Response> {
  if (new URL(request.url).pathname === '/mcp') {
    const { response } = await portcullis.authenticate(request);
    return response ?? Response.json({});
  }
  return (await portcullis.handle(request)) ?? new Response(null, { status: 404 });
}

function addCookies(request: Request, cookies: string): void {
  const own = request.headers.get('cookie');
  request.headers.set('cookie', own === null ? cookies : `${own}; ${cookies}`);
}

/** The session cookie of a browser that has signed in, so that not every flow has to hash a password. */
async function signedInCookies(server: FuzzedServer): Promise<string> {
  let cookies = '';
  const send = async (request: Request) => {
    const response = await answered(request, server);
    for (const cookie of response.headers.getSetCookie())
      if (cookie.includes('session')) cookies = cookie.split(';', 1)[0] ?? '';
    if (cookies !== '') throw new FlowCut();
    return response;
  };
  await wholeFlow(server, send, 0).catch((error: unknown) => {
    if (!(error instanceof FlowCut)) throw error;
  });
  if (!cookies.startsWith('portcullis') || !origin.startsWith('http')) throw new Error('nobody could sign in');
  return cookies;
}
