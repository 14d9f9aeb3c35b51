import { startOpenServer, startSuiteServer } from './servers.ts';
import { type Check, runConformance } from './suite.ts';

/** What the suite says of the authorization server, and of an MCP server behind the gate and without it. */
export interface ConformanceResult {
  readonly authorization: readonly Check[];
  readonly guarded: readonly Check[];
  readonly open: readonly Check[];
  /** What fails at the authorization server, or behind the gate and not without it. */
  readonly failures: readonly Check[];
}

const mcpScenarios = ['--suite', 'all'];

/**
 * Runs every scenario of the protocol project's suite that applies: those for authorization servers, and those for MCP
 * servers twice. An MCP server is the application's; what is ours is that the gate changes nothing for whoever has a token.
 * @param onProgress told what begins
 */
export async function runConformanceSuite(onProgress: (what: string) => void = () => {}): Promise<ConformanceResult> {
  const server = await startSuiteServer();
  try {
    onProgress('the authorization server');
    const { issuer, clientId, callbackPort, resource } = server;
    const authorization = await runConformance(
      [
        'authorization',
        '--url',
        issuer,
        '--client-id',
        clientId,
        '--port',
        String(callbackPort),
        '--resource',
        resource,
      ],
      (line) => {
        if (line.startsWith(`${issuer}/authorize?`)) void server.authorize(new URL(line));
      },
    );
    onProgress('an MCP server behind the gate');
    const guarded = await runConformance(['server', '--url', server.mcpUrl, ...mcpScenarios]);
    onProgress('the same without a gate');
    const bare = await startOpenServer();
    const open = await runConformance(['server', '--url', bare.mcpUrl, ...mcpScenarios]).finally(() => bare.close());
    return { authorization, guarded, open, failures: failuresOf(authorization, guarded, open) };
  } finally {
    await server.close();
  }
}

function failuresOf(authorization: readonly Check[], guarded: readonly Check[], open: readonly Check[]): Check[] {
  const failing = (checks: readonly Check[]) => checks.filter(({ status }) => status === 'FAILURE');
  const key = ({ scenario, id, status }: Check) => `${scenario} ${id} ${status}`;
  const alsoOpen = new Set(open.map(key));
  return [...failing(authorization), ...failing(guarded).filter((check) => !alsoOpen.has(key(check)))];
}
