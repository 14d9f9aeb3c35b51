import { connect, type Socket } from 'node:net';

/** As much of an HTTP response as the measures look at. */
export interface Answer {
  readonly status: number;
  /** Status line and header lines, as sent. */
  readonly head: string;
  readonly body: string;
}

/**
 * One keep-alive HTTP/1.1 connection on loopback that sends prepared bytes and reads one answer at a time. It does far
 * less than an HTTP library, so that what is measured is the server.
 */
export class Connection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #waiting: PromiseWithResolvers<Answer> | undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (chunk) => this.#receive(chunk));
    socket.on('error', (error) => this.#fail(error));
    socket.on('close', () => this.#fail(new Error('the server closed the connection')));
  }

  static async open(port: number): Promise<Connection> {
    const socket = connect(port, '127.0.0.1');
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    socket.once('connect', resolve).once('error', reject);
    await promise;
    return new Connection(socket);
  }

  /** @throws Error where the connection breaks before the answer is complete */
  send(request: Buffer | string): Promise<Answer> {
    if (this.#waiting !== undefined) throw new Error('one request at a time');
    this.#waiting = Promise.withResolvers<Answer>();
    this.#socket.write(request);
    return this.#waiting.promise;
  }

  close(): void {
    this.#socket.removeAllListeners('close');
    this.#socket.destroy();
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.byteLength === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const answer = parseAnswer(this.#received);
    if (answer === undefined) return;
    const waiting = this.#waiting;
    this.#received = Buffer.alloc(0);
    this.#waiting = undefined;
    waiting?.resolve(answer);
  }

  #fail(error: Error): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.reject(error);
  }
}

/** @returns `undefined` while the answer is incomplete */
export function parseAnswer(bytes: Buffer): Answer | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = bytes.toString('latin1', 0, end);
  const status = Number(head.slice(9, 12));
  const start = end + 4;
  if (/^transfer-encoding: *chunked/im.test(head)) {
    const body = joinChunks(bytes, start);
    return body === undefined ? undefined : { status, head, body };
  }
  const length = Number(headerOf(head, 'content-length') ?? 0);
  return bytes.byteLength < start + length
    ? undefined
    : { status, head, body: bytes.toString('utf8', start, start + length) };
}

/** The value of a response header, the first where there are several. */
export function headerOf(head: string, name: string): string | undefined {
  return new RegExp(`^${name}: *([^\r]*)`, 'im').exec(head)?.[1];
}

function joinChunks(bytes: Buffer, start: number): string | undefined {
  let body = '';
  for (let position = start; ; ) {
    const line = bytes.indexOf('\r\n', position);
    if (line === -1) return undefined;
    const size = Number.parseInt(bytes.toString('latin1', position, line), 16);
    const next = line + 2 + size + 2;
    if (bytes.byteLength < next) return undefined;
    if (size === 0) return body;
    body += bytes.toString('utf8', line + 2, line + 2 + size);
    position = next;
  }
}
