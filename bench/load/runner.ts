import type { Prepared } from '../servers/protocol.ts';
import { metadataRequest, OAuthClient, toolCallRequest, unexpected } from './client.ts';
import { Connection } from './connection.ts';
import { measure, type Sample, type Task } from './measure.ts';
import type { ServerProcess } from './server-process.ts';

export const measureNames = [
  'code exchange',
  'authorization-code flow',
  'refresh',
  'refresh beside sign-ins',
  'MCP request',
  'metadata',
] as const;
export type MeasureName = (typeof measureNames)[number];

const preparationLanes = 16;
/** Milliseconds. */
const longestPreparation = 120_000;
/** Connections that send wrong passwords beside what is measured. */
const signInLanes = 8;
const nothing = Buffer.alloc(0);
const fewest = 16;
const most = 20_000;

/** Applies the measures to one running server. How many tasks a slice has follows from how fast the last one went. */
export class Runner {
  readonly name: string;
  readonly #server: ServerProcess;
  readonly #seconds: number;
  readonly #rates = new Map<string, number>();
  readonly #prepared: Prepared | undefined;
  readonly #client: OAuthClient | undefined;
  #refreshTokens: string[] = [];
  #accessToken: string | undefined;

  private constructor(name: string, server: ServerProcess, seconds: number, prepared: Prepared | undefined) {
    this.name = name;
    this.#server = server;
    this.#seconds = seconds;
    this.#prepared = prepared;
    this.#client = prepared === undefined ? undefined : new OAuthClient(prepared, server.port);
  }

  /** @param seconds that one slice should take */
  static async create(name: string, server: ServerProcess, seconds: number): Promise<Runner> {
    return new Runner(name, server, seconds, await server.prepared());
  }

  /** For an MCP server without an authorization server. */
  static createOpen(name: string, server: ServerProcess, seconds: number): Runner {
    return new Runner(name, server, seconds, undefined);
  }

  get server(): ServerProcess {
    return this.#server;
  }

  /** Whether the server does this work at all. */
  can(name: MeasureName): boolean {
    if (name === 'MCP request') return this.#prepared === undefined || this.#prepared.mcpPath !== undefined;
    if (name === 'refresh beside sign-ins') return this.#prepared?.signIn !== undefined;
    if (name === 'refresh') return this.#prepared?.refreshes === true;
    return this.#prepared !== undefined;
  }

  async run(name: MeasureName, concurrency: number): Promise<Sample> {
    const key = `${name} ${concurrency}`;
    const count = this.#countFor(key, concurrency);
    const sample = await this.#slice(name, concurrency, count);
    this.#rates.set(key, sample.perSecond);
    return sample;
  }

  /** Compiles what the server runs: one that does little else would otherwise be measured half interpreted. */
  async warmUp(): Promise<void> {
    const requests = Math.min(3000, Math.round(3000 * this.#seconds));
    if (this.can('MCP request')) await (await this.#prepare('MCP request', preparationLanes, requests))();
  }

  /** One slice under the server's profiler, preparations apart. */
  async profile(name: MeasureName, concurrency: number): Promise<unknown> {
    const count = this.#countFor(`${name} ${concurrency}`, concurrency);
    const slice = await this.#prepare(name, concurrency, count);
    return this.#server.profile(slice);
  }

  #countFor(key: string, concurrency: number): number {
    const rate = this.#rates.get(key) ?? 200;
    return Math.max(fewest, concurrency * 4, Math.min(most, Math.round(rate * this.#seconds)));
  }

  async #slice(name: MeasureName, concurrency: number, count: number): Promise<Sample> {
    const slice = await this.#prepare(name, concurrency, count);
    return slice();
  }

  /** Makes the codes or tokens that a slice will spend; the slice itself runs when what this resolves to is called. */
  async #prepare(name: MeasureName, concurrency: number, count: number): Promise<() => Promise<Sample>> {
    switch (name) {
      case 'code exchange':
        return this.#exchange(concurrency, count);
      case 'refresh':
        return this.#refresh(concurrency, count);
      case 'refresh beside sign-ins': {
        const slice = await this.#refresh(concurrency, count);
        return () => this.#besideSignIns(slice);
      }
      case 'authorization-code flow':
        return () => this.#flow(concurrency, count);
      case 'MCP request':
        if (this.#client !== undefined) this.#accessToken ??= await this.#tokenOfOneFlow(this.#client);
        return () => this.#mcp(concurrency, count);
      case 'metadata':
        return () => this.#metadata(concurrency, count);
    }
  }

  async #exchange(concurrency: number, count: number): Promise<() => Promise<Sample>> {
    const client = this.#oauthClient();
    const requests: Buffer[] = [];
    const authorize: Task = async (connection) => {
      requests.push(client.exchangeRequest(await client.authorize(connection)));
    };
    await measure(this.#server, authorize, preparationLanes, count, longestPreparation);
    this.#refreshTokens = [];
    const redeem: Task = async (connection, index) => {
      const { refresh_token } = await client.token(connection, requests[index] ?? nothing);
      if (refresh_token !== undefined) this.#refreshTokens.push(refresh_token);
    };
    return () => measure(this.#server, redeem, concurrency, requests.length);
  }

  async #refresh(concurrency: number, count: number): Promise<() => Promise<Sample>> {
    const client = this.#oauthClient();
    if (this.#refreshTokens.length < count / 2) await (await this.#exchange(preparationLanes, count))();
    const requests = this.#refreshTokens.splice(0, count).map((token) => client.refreshRequest(token));
    const rotate: Task = async (connection, index) => {
      await client.token(connection, requests[index] ?? nothing);
    };
    return () => measure(this.#server, rotate, concurrency, requests.length);
  }

  /** Every sign-in hashes a password; as many as are let do so at a time are always under way. */
  async #besideSignIns(slice: () => Promise<Sample>): Promise<Sample> {
    const { signIn } = this.#prepared ?? {};
    if (signIn === undefined) throw new Error(`${this.name} has no sign-in page here`);
    const request = this.#oauthClient().signInRequest(signIn);
    let over = false;
    const lanes = Array.from({ length: signInLanes }, async () => {
      const connection = await Connection.open(this.#server.port);
      try {
        while (!over) {
          const answer = await connection.send(request);
          if (!answer.body.includes('name="password"')) throw unexpected('the sign-in page again', answer);
        }
      } finally {
        connection.close();
      }
    });
    try {
      return await Promise.race([slice(), Promise.all(lanes).then(() => Promise.reject(new Error('unreachable')))]);
    } finally {
      over = true;
      await Promise.all(lanes);
    }
  }

  #flow(concurrency: number, count: number): Promise<Sample> {
    const client = this.#oauthClient();
    return measure(
      this.#server,
      async (connection) => {
        const code = await client.authorize(connection);
        await client.token(connection, client.exchangeRequest(code));
      },
      concurrency,
      count,
    );
  }

  #mcp(concurrency: number, count: number): Promise<Sample> {
    const request = toolCallRequest(this.#server.port, this.#prepared?.mcpPath ?? '/mcp', this.#accessToken);
    return measure(
      this.#server,
      async (connection) => {
        const answer = await connection.send(request);
        if (answer.status !== 200 || !answer.body.includes('"text":"bench"'))
          throw unexpected("the tool's answer", answer);
      },
      concurrency,
      count,
    );
  }

  #metadata(concurrency: number, count: number): Promise<Sample> {
    const request = metadataRequest(this.#server.port, this.#server.metadataPath);
    return measure(
      this.#server,
      async (connection) => {
        const answer = await connection.send(request);
        if (answer.status !== 200) throw unexpected('metadata', answer);
      },
      concurrency,
      count,
    );
  }

  async #tokenOfOneFlow(client: OAuthClient): Promise<string> {
    const connection = await Connection.open(this.#server.port);
    try {
      return (await client.token(connection, client.exchangeRequest(await client.authorize(connection)))).access_token;
    } finally {
      connection.close();
    }
  }

  #oauthClient(): OAuthClient {
    if (this.#client === undefined) throw new Error(`${this.name} has no authorization-code flow`);
    return this.#client;
  }
}
