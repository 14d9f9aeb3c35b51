import { Server } from 'node:net';

/**
 * Loaded before a sample: makes its server listen on a free port of this machine, whatever port it names, and tells the
 * test which one that is. The sample's text stays as people read it.
 */
const listen = Server.prototype.listen;

Server.prototype.listen = function listenOnFreePort(this: Server, ...parameters: unknown[]): Server {
  const callback = parameters.findLast((parameter) => typeof parameter === 'function') as (() => void) | undefined;
  this.once('listening', () => {
    const address = this.address();
    if (typeof address === 'object') process.send?.({ port: address?.port });
  });
  return listen.call(this, { host: '127.0.0.1', port: 0 }, callback);
};
