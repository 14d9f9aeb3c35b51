import { once } from 'node:events';
import { connect as connectPlain, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { blockList, contains } from './addresses.ts';
import { forbidden, unreachable } from './errors.ts';
import type { Target } from './target.ts';

/**
 * Opens a connection to one of the checked addresses and to nothing else. TLS is verified for the host's own name, by the
 * pinned authority where there is one.
 * @throws EgressError `unreachable`, also where the signal calls it off
 */
export async function connect(target: Target, addresses: readonly string[], signal: AbortSignal): Promise<Socket> {
  const { host, port, trust } = target;
  const where = { host, port, lookup: pinned(addresses), autoSelectFamily: true };
  const socket =
    trust.kind === 'insecure loopback'
      ? connectPlain(where)
      : connectTls({
          ...where,
          ...(isIP(host) === 0 ? { servername: host } : {}),
          ...(trust.kind === 'private' ? { ca: trust.ca } : {}),
          // Said, so that NODE_TLS_REJECT_UNAUTHORIZED does not matter.
          rejectUnauthorized: true,
          minVersion: 'TLSv1.2',
          ALPNProtocols: ['http/1.1'],
        });
  try {
    // Without this listener a later error of the socket would end the process.
    socket.on('error', () => {});
    await once(socket, trust.kind === 'insecure loopback' ? 'connect' : 'secureConnect', { signal });
  } catch (error) {
    socket.destroy();
    throw unreachable(`no connection: ${(error as Error).message}`, error);
  }
  // A literal address never reaches `lookup`, and whoever patches the socket's class is not asked either.
  const { remoteAddress } = socket;
  if (remoteAddress !== undefined && contains(blockList(addresses), remoteAddress)) return socket;
  socket.destroy();
  throw remoteAddress === undefined
    ? unreachable('the connection was closed at once')
    : forbidden(`connected to ${remoteAddress}, which is not what was checked`);
}

function pinned(addresses: readonly string[]): LookupFunction {
  const found = addresses.map((address) => ({ address, family: isIP(address) }));
  return (_host, options, done) => {
    const [first] = found;
    if (first === undefined) done(new Error('no address'), '', 0);
    else if (options.all === true) done(null, found);
    else done(null, first.address, first.family);
  };
}
