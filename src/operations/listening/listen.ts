import type { AddressInfo, Server } from 'node:net';

/** The server could not listen where it was told to. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
  /** For the operator: what to do about it. */
  readonly hint: string;

  constructor(message: string, hint: string, options: ErrorOptions) {
    super(message, options);
    this.hint = hint;
  }
}

/**
 * Starts to accept connections.
 * @param port 0 for any free one
 * @returns the address that was taken
 * @throws ListenError where the port is taken, not allowed, or the host is no address of this machine
 */
export async function listen(server: Server, port: number, host: string): Promise<AddressInfo> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, host, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (error) {
    throw explained(error as NodeJS.ErrnoException, port, host);
  }
  return server.address() as AddressInfo;
}

function explained(error: NodeJS.ErrnoException, port: number, host: string): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new ListenError(
        `port ${port} on ${host} is in use`,
        'stop the other program, or choose another port with --port or PORT',
        { cause: error },
      );
    case 'EACCES':
      return new ListenError(
        `this user may not listen on port ${port}`,
        'choose a port above 1023, or allow the program to bind it',
        { cause: error },
      );
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new ListenError(
        `${host} is not an address of this machine`,
        'choose 127.0.0.1, 0.0.0.0 or another with --host',
        { cause: error },
      );
    default:
      return new ListenError(
        `cannot listen on port ${port} of ${host}: ${error.message}`,
        'choose another port or host',
        { cause: error },
      );
  }
}
