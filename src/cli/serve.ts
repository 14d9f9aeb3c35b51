import { createServer } from 'node:net';
import { systemClock } from '../core/clock.ts';
import { printableJson } from '../core/printable-json.ts';
import { type RunningServer, serve } from '../hosts/serve.ts';
import { listen } from '../operations/listening/listen.ts';
import { jsonLog } from '../operations/logging/json-log.ts';
import type { LoadedConfig } from '../portcullis/load-config.ts';
import { Portcullis } from '../portcullis/portcullis.ts';
import { bannerText, startFacts } from './banner.ts';
import { type Command, defineCommand } from './command.ts';
import { scopesWarning, warningsFor } from './config/facts.ts';
import { type EmbeddedServer, loadMcpModule, noModule } from './mcp-module.ts';
import { configFor, dataFlags, serverFlags } from './settings-flags.ts';
import { stopRequest } from './stop-request.ts';
import type { Terminal } from './terminal.ts';

const mcpFlag = {
  mcp: { value: 'FILE', description: 'JavaScript or TypeScript module whose default export handles MCP requests.' },
} as const;

const examples = [
  'portcullis serve --mcp server.ts',
  'portcullis serve --mcp server.ts --base-url https://mcp.example.com --tls-certificate cert.pem --tls-key key.pem --host 0.0.0.0 --port 443',
];

/** The command that runs the server: of `portcullis`, or of a program that brings its own MCP server. */
export function serveCommand(embedded?: EmbeddedServer): Command {
  return defineCommand({
    name: 'serve',
    summary: 'Run an MCP server with sign-in and tokens.',
    details:
      'Prints where it is and, while there is no administrator, a one-time link to make one. Logs go to standard error, one line of JSON each. SIGTERM and Ctrl+C let requests in flight finish; SIGHUP reads the certificate again.',
    flags: { ...(embedded === undefined ? mcpFlag : {}), ...serverFlags, ...dataFlags },
    examples: embedded === undefined ? examples : [],
    async run({ flags, json, terminal }) {
      const first = configFor(flags, terminal, embedded?.defaults);
      const module =
        embedded ?? (first.server.mcp === undefined ? undefined : await moduleOf(first.server.mcp, terminal));
      if (module === undefined) throw noModule();
      const config = await withFreePort(
        embedded === undefined ? configFor(flags, terminal, module.defaults) : first,
        (port) => configFor({ ...flags, port: String(port) }, terminal, module.defaults),
      );
      await runUntilStopped(config, module, json, terminal);
      return undefined;
    },
  });
}

async function moduleOf(path: string, terminal: Terminal): Promise<EmbeddedServer> {
  const { handler, resources, config } = await loadMcpModule(path, terminal.directory);
  return { mcp: handler, resources, defaults: config };
}

/** The base URL has to be known before the server listens, so for port 0 a free one is looked up beforehand. */
async function withFreePort(config: LoadedConfig, reload: (port: number) => LoadedConfig): Promise<LoadedConfig> {
  if (config.server.port !== 0) return config;
  const probe = createServer();
  const { port } = await listen(probe, 0, config.server.host);
  await new Promise((resolve) => probe.close(resolve));
  return reload(port);
}

async function runUntilStopped(
  config: LoadedConfig,
  embedded: EmbeddedServer,
  json: boolean,
  terminal: Terminal,
): Promise<void> {
  const log = jsonLog((line) => terminal.err(`${line}\n`), systemClock.now);
  let server: RunningServer | undefined;
  // Before anything is open: a server that is told to stop while it starts closes what it has opened, too.
  const stopped = stopRequest(() => server?.reloadCertificate());
  const portcullis = await Portcullis.open(config.portcullis, { onEvent: log });
  try {
    const { defaults: _defaults, ...endpoint } = embedded;
    server = await serve(portcullis, { ...config.server, ...endpoint });
    await announce(portcullis, server, config, json, terminal);
    log({ name: 'server.started', reason: `listening on ${server.address.address} port ${server.address.port}` });
    const signal = await stopped;
    portcullis.drain();
    await server.close();
    log({ name: 'server.stopped', reason: signal });
  } finally {
    await portcullis.close();
  }
}

async function announce(
  portcullis: Portcullis,
  server: RunningServer,
  config: LoadedConfig,
  json: boolean,
  terminal: Terminal,
): Promise<void> {
  const facts = await startFacts(portcullis);
  const warnings = [...warningsFor(config), ...scopesWarning(config, 'loaded')];
  if (!json) return terminal.out(bannerText(facts, { style: terminal.style, warnings }));
  const { clients: _clients, ...told } = facts;
  const { address, port } = server.address;
  terminal.out(
    `${printableJson({ ...told, setupUrl: told.setupUrl ?? null, address, port, pid: process.pid, warnings })}\n`,
  );
}
