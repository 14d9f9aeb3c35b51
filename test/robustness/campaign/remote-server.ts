import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { InMemoryProvider } from '../../../src/in-memory/in-memory-provider.ts';
import { type FuzzedServer, openSurroundings, type Surroundings } from '../fuzz/server.ts';
import { origin, type SubjectOptions } from '../fuzz/subject.ts';
import { dial } from '../support/raw-http.ts';
import { Wire } from '../support/wire.ts';
import type { LoopReport } from './loop-watch.ts';
import type { FromServer, Memory, Telling, ToServer } from './messages.ts';

const program = fileURLToPath(new URL('./server-process.ts', import.meta.url));

/** The product in a process of its own, on a file, with passwords that cost what they do. */
export class RemoteServer implements FuzzedServer {
  /** Knows where everything is, as the server does. */
  readonly addresses = new InMemoryProvider({
    baseUrl: origin,
    deviceAuthorization: { enabled: true, clients: 'all' },
  });
  readonly #child: ChildProcess;
  readonly #surroundings: Surroundings;
  readonly #wire: Wire;
  readonly #ready: Telling<'ready'>;
  readonly #open = new Set<Duplex>();
  readonly #failures: string[];
  #dialed = 0;
  #isEnding = false;

  private constructor(child: ChildProcess, surroundings: Surroundings, ready: Telling<'ready'>, failures: string[]) {
    this.#child = child;
    this.#surroundings = surroundings;
    this.#ready = ready;
    this.#failures = failures;
    this.#wire = new Wire(ready.port);
    child.once('exit', (code, signal) => {
      if (!this.#isEnding) failures.push(`the server ended with ${code ?? signal}`);
    });
  }

  static async start(): Promise<RemoteServer> {
    const surroundings = await openSurroundings();
    const { directory, options } = surroundings;
    const subject: SubjectOptions = { ...options, database: join(directory, 'portcullis.db'), passwords: 'default' };
    const child = fork(program, [JSON.stringify(subject)], {
      execArgv: ['--disable-warning=ExperimentalWarning'],
      serialization: 'advanced',
    });
    const failures: string[] = [];
    child.on('message', (message: FromServer) => {
      if (message.tells === 'failure') failures.push(message.error);
    });
    const ready = await told(child, 'ready');
    return new RemoteServer(child, surroundings, ready, failures);
  }

  get issuer() {
    return this.#surroundings.issuer;
  }

  get publisher() {
    return this.#surroundings.publisher;
  }

  get documents() {
    return this.#surroundings.documents;
  }

  get places() {
    return this.#ready.places;
  }

  get off() {
    return this.#ready.off;
  }

  get setupUrl() {
    return this.#ready.setupUrl;
  }

  send(request: Request): Promise<Response> {
    return this.#wire.send(request);
  }

  connectInside(): Duplex {
    return this.connectOutside();
  }

  connectOutside(): Duplex {
    // From many addresses: one has no more than some ten thousand ports, and each is used once in a minute.
    this.#dialed += 1;
    const socket = dial(this.#ready.port, `127.0.1.${1 + (this.#dialed % 250)}`);
    this.#open.add(socket);
    socket.once('close', () => this.#open.delete(socket));
    return socket;
  }

  takeFailures(): readonly string[] {
    return this.#failures.splice(0);
  }

  memory(): Promise<Memory> {
    return this.#ask({ asks: 'memory' }, 'memory');
  }

  /** The server is warm: what its event loop does counts from now on. */
  begin(): void {
    this.#child.send({ asks: 'begin' } satisfies ToServer);
  }

  loop(): Promise<LoopReport> {
    return this.#ask({ asks: 'loop' }, 'loop');
  }

  /** Puts the server's time forward and removes what has run out. Resolves to how many rows went. */
  async sweep(days: number): Promise<number> {
    return (await this.#ask({ asks: 'sweep', days }, 'swept')).removed;
  }

  async close(): Promise<void> {
    this.#isEnding = true;
    for (const socket of this.#open) socket.destroy();
    this.#wire.close();
    if (this.#child.connected) this.#child.send({ asks: 'end' } satisfies ToServer);
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    await this.#surroundings.close();
  }

  #ask<Name extends FromServer['tells']>(question: ToServer, answer: Name): Promise<Telling<Name>> {
    const answered = told(this.#child, answer);
    this.#child.send(question);
    return answered;
  }
}

/** The next message of a kind. */
function told<Name extends FromServer['tells']>(child: ChildProcess, name: Name): Promise<Telling<Name>> {
  const { promise, resolve, reject } = Promise.withResolvers<Telling<Name>>();
  const listen = (message: FromServer) => {
    if (isA(message, name)) done(() => resolve(message));
  };
  const ended = () => done(() => reject(new Error(`the server ended before it told of its ${name}`)));
  const done = (settle: () => void) => {
    child.off('message', listen).off('exit', ended);
    settle();
  };
  child.on('message', listen).once('exit', ended);
  return promise;
}

function isA<Name extends FromServer['tells']>(message: FromServer, name: Name): message is Telling<Name> {
  return message.tells === name;
}
