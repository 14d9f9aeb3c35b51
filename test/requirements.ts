import { protocolCases } from './requirements/cases.ts';
import { clientMetadataDocuments } from './requirements/client-metadata.ts';
import { mcpAuthorization, mcpDiscovery, mcpRegistration, mcpSecurity } from './requirements/mcp-authorization.ts';
import { mcpClientCredentials } from './requirements/mcp-client-credentials.ts';
import { mcpEnterprise } from './requirements/mcp-ema.ts';
import { mcpBestPractices, mcpTransport } from './requirements/mcp-practices.ts';
import { oauth21 } from './requirements/oauth21.ts';
import { pitfalls } from './requirements/pitfalls.ts';
import type { Requirement, RequirementList } from './requirements/requirement.ts';
import { rfc6749, rfc6750 } from './requirements/rfc6749-6750.ts';
import { rfc7009, rfc7636 } from './requirements/rfc7009-7636.ts';
import { rfc7523 } from './requirements/rfc7523.ts';
import { rfc7591, rfc8252 } from './requirements/rfc7591-8252.ts';
import { rfc7592 } from './requirements/rfc7592.ts';
import { rfc7662 } from './requirements/rfc7662.ts';
import { rfc8414, rfc9728 } from './requirements/rfc8414-9728.ts';
import { rfc8628 } from './requirements/rfc8628.ts';
import { rfc8693 } from './requirements/rfc8693.ts';
import { rfc8707, rfc9068, rfc9207 } from './requirements/rfc8707-9068-9207.ts';
import { rfc9126 } from './requirements/rfc9126.ts';
import { rfc9449 } from './requirements/rfc9449.ts';
import { rfc9470 } from './requirements/rfc9470.ts';
import { rfc9700 } from './requirements/rfc9700.ts';

/**
 * Everything that Portcullis claims, one list per source. A test cites what it proves at the end of its title:
 * `it('a code redeemed twice revokes the tokens of its first redemption [CASE-61, OAUTH21-42]', …)`.
 */
export const requirementLists: readonly RequirementList[] = [
  mcpAuthorization,
  mcpDiscovery,
  mcpRegistration,
  mcpSecurity,
  clientMetadataDocuments,
  mcpBestPractices,
  mcpTransport,
  mcpEnterprise,
  mcpClientCredentials,
  oauth21,
  rfc6749,
  rfc6750,
  rfc7009,
  rfc7523,
  rfc7591,
  rfc7592,
  rfc7636,
  rfc7662,
  rfc8252,
  rfc8414,
  rfc8628,
  rfc8693,
  rfc8707,
  rfc9068,
  rfc9126,
  rfc9207,
  rfc9449,
  rfc9470,
  rfc9700,
  rfc9728,
  protocolCases,
  pitfalls,
];

export const requirements: readonly Requirement[] = requirementLists.flatMap((list) => list.requirements);
