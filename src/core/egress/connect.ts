import { once } from 'node:events';
import { BlockList, connect as connectPlain, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
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
  if (!isOneOf(socket.remoteAddress, addresses)) {
    socket.destroy();
    throw forbidden(`connected to ${socket.remoteAddress ?? 'nothing'}, which is not what was checked`);
  }
  return socket;
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

function isOneOf(remote: string | undefined, addresses: readonly string[]): boolean {
  if (remote === undefined) return false;
  const checked = new BlockList();
  for (const address of addresses) checked.addAddress(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
  return checked.check(remote, isIP(remote) === 4 ? 'ipv4' : 'ipv6');
}
