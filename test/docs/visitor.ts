import { request } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly text: string;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Talks to a server on a free port under the public URL that it believes to have, as a proxy in front of it would. */
export class Visitor {
  readonly #port: number;
  readonly #baseUrl: URL;

  constructor(port: number, baseUrl: string) {
    this.#port = port;
    this.#baseUrl = new URL(baseUrl);
  }

  ask(path: string, { method = 'GET', headers = {}, body }: Question = {}): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>();
    const options = {
      host: '127.0.0.1',
      port: this.#port,
      path,
      method,
      headers: { host: this.#baseUrl.host, ...headers },
    };
    const outgoing = request(options, (incoming) => {
      let text = '';
      incoming.on('data', (chunk: Buffer) => (text += chunk.toString()));
      incoming.once('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
    });
    outgoing.once('error', reject);
    outgoing.end(body);
    return promise;
  }

  postJson(path: string, body: unknown): Promise<Answer> {
    const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
    return this.ask(path, { method: 'POST', headers, body: JSON.stringify(body) });
  }
}
