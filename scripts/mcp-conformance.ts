/**
 * `npm run mcp-conformance`: the protocol project's own conformance suite against this server.
 * Ends with 1 where a scenario fails at the authorization server, or behind the gate and not without it.
 */
import { parseArgs } from 'node:util';
import { runConformanceSuite } from '../test/interop/conformance/run.ts';
import type { Check } from '../test/interop/conformance/suite.ts';

const usage = `npm run mcp-conformance -- [options]
  --all        every check, not only a line for each scenario
  --json       the checks as JSON
  --help       this text
`;

const { values } = parseArgs({
  options: { all: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
});
if (values.help) process.stdout.write(usage);
else await run();

async function run(): Promise<void> {
  const result = await runConformanceSuite((what) => process.stderr.write(`mcp-conformance: ${what} …\n`));
  const { authorization, guarded, open, failures } = result;
  if (values.json) process.stdout.write(`${JSON.stringify(result)}\n`);
  else {
    for (const [title, checks] of [
      ['authorization server', authorization],
      ['MCP server behind the gate', guarded],
      ['MCP server without a gate', open],
    ] as const) {
      process.stdout.write(`\n${title}: ${tally(checks)}\n`);
      const lines = values.all ? checks.map(lineOf) : [];
      process.stdout.write(lines.map((line) => `  ${line}\n`).join(''));
    }
    for (const failure of failures) process.stdout.write(`\nfailed: ${lineOf(failure)}\n`);
    process.stdout.write(failures.length === 0 ? '\nmcp-conformance: passed\n' : '\nmcp-conformance: failed\n');
  }
  process.exitCode = failures.length === 0 ? 0 : 1;
}

function lineOf({ status, scenario, id, message }: Check): string {
  return `${status.padEnd(8)} ${scenario}: ${id}${message === undefined ? '' : ` (${message})`}`;
}

function tally(checks: readonly Check[]): string {
  const statuses = [...new Set(checks.map(({ status }) => status))].sort();
  return statuses
    .map((status) => `${checks.filter((check) => check.status === status).length} ${status.toLowerCase()}`)
    .join(', ');
}
