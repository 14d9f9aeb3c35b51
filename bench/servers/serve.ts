import { createServer, type RequestListener } from 'node:http';
import { Session } from 'node:inspector/promises';
import type { AddressInfo } from 'node:net';
import type { Description, Prepared, Question, Reply, Usage } from './protocol.ts';

/** A server under measurement, started once its port is known. */
export interface Subject {
  readonly listener: RequestListener;
  readonly metadataPath: string;
  /** Registers a client and signs a user in; not part of the start-up time. */
  prepare?(): Promise<Prepared>;
  close?(): Promise<void>;
}

/**
 * Runs a server in its own process: listens on loopback, answers the measuring process, and ends with it.
 * @param start gets the server's base URL and the folder for its data
 */
export async function serve(start: (baseUrl: string, folder: string) => Promise<Subject>): Promise<void> {
  const server = createServer();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(0, '127.0.0.1', resolve);
  await promise;
  const { port } = server.address() as AddressInfo;
  const subject = await start(`http://127.0.0.1:${port}`, process.argv[2] ?? '.');
  server.on('request', subject.listener);

  const stop = async () => {
    server.closeAllConnections();
    await subject.close?.();
    process.exit(0);
  };
  process.on('disconnect', () => process.exit(1));
  process.on('message', (question: Question) => {
    answer(question, subject).then(
      (reply) => (reply === undefined ? stop() : tell(reply)),
      (error: unknown) =>
        tell({ kind: 'failed', message: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
  const description: Description = { port, metadataPath: subject.metadataPath };
  tell({ kind: 'listening', description });
}

const inspector = new Session();

async function answer(question: Question, subject: Subject): Promise<Reply | undefined> {
  switch (question) {
    case 'prepare':
      if (subject.prepare === undefined) throw new Error('this server has no authorization-code flow');
      return { kind: 'prepared', prepared: await subject.prepare() };
    case 'usage':
      return { kind: 'usage', usage: usage() };
    case 'profile':
      inspector.connect();
      await inspector.post('Profiler.enable');
      await inspector.post('Profiler.setSamplingInterval', { interval: 100 });
      await inspector.post('Profiler.start');
      return { kind: 'profiling' };
    case 'profiled': {
      const { profile } = await inspector.post('Profiler.stop');
      inspector.disconnect();
      return { kind: 'profile', profile };
    }
    case 'stop':
      return undefined;
  }
}

function usage(): Usage {
  const { user, system } = process.cpuUsage();
  return { cpuMicroseconds: user + system, residentBytes: process.memoryUsage.rss() };
}

function tell(reply: Reply): void {
  process.send?.(reply);
}
