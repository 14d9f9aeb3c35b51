import { Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { publicOrigin } from './server-process.ts';

/** The server went away before it answered: whether it did what it was asked to do, nobody knows. */
export class Lost extends Error {
  override readonly name = 'Lost';
}

/** Sends requests for the public URL to the port that a server has at the moment. */
export class Wire {
  port: number;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #seen: ((request: Request, response: Response, body: string) => void) | undefined;

  /** @param seen told of every exchange */
  constructor(port: number, seen?: (request: Request, response: Response, body: string) => void) {
    this.port = port;
    this.#seen = seen;
  }

  /** @throws Lost where no whole answer came */
  readonly send = async (request: Request): Promise<Response> => {
    const { pathname, search } = new URL(request.url);
    const body = Buffer.from(await request.clone().arrayBuffer());
    const headers = { ...Object.fromEntries(request.headers), host: new URL(publicOrigin).host };
    const answer = Promise.withResolvers<IncomingMessage>();
    const outgoing = httpRequest(
      {
        port: this.port,
        host: '127.0.0.1',
        agent: this.#agent,
        method: request.method,
        path: pathname + search,
        headers,
      },
      answer.resolve,
    );
    outgoing.once('error', (error) => answer.reject(new Lost(error.message)));
    outgoing.end(body);
    const incoming = await answer.promise;
    const content = await text(incoming).catch((error: Error) => {
      throw new Lost(error.message);
    });
    const response = new Response(isBodiless(incoming.statusCode) ? null : content, {
      status: incoming.statusCode ?? 0,
      headers: headersOf(incoming),
    });
    this.#seen?.(request, response, content);
    return response;
  };

  /** Closes the connections that are kept. */
  close(): void {
    this.#agent.destroy();
  }
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers();
  for (let index = 0; index < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '');
  }
  return headers;
}

function isBodiless(status: number | undefined): boolean {
  return status === 204 || status === 304;
}
