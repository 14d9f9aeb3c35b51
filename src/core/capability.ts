import type { Migration } from './database.ts';
import type { RequestContext } from './http.ts';
import type { ProtectedResource } from './resources.ts';

/** Answers one request for a route; `services` is what the capability works with. */
export type Handler<Services> = (
  request: Request,
  services: Services,
  context: RequestContext,
) => Promise<Response> | Response;

export interface Route<Services> {
  /** Exact public path for a deployment, such as `/mcp-base/token`; or several that are answered alike. */
  readonly path: (services: Services) => string | readonly string[];
  readonly methods: Readonly<Partial<Record<'GET' | 'POST' | 'PUT' | 'DELETE', Handler<Services>>>>;
  /** `refused`: where GET changes something, which HEAD must never do. Default: HEAD is answered like GET, without the body. */
  readonly head?: 'refused';
  /** `any`: callable from every origin, without credentials. `none`: browsers on other origins are refused. */
  readonly cors: 'any' | 'none';
}

/**
 * One thing that the server can do, and everything that follows from it: the router, grant dispatch, both metadata
 * documents, the schema and the conformance page are derived from the list of these.
 */
export interface Capability<Services, GrantHandler = never> {
  readonly name: string;
  /** The specification sections that it implements. */
  readonly specifications: readonly string[];
  /** Unimplemented means not advertised and not routed. Default: always on. */
  readonly isEnabled?: (services: Services) => boolean;
  readonly routes?: readonly Route<Services>[];
  /** Grant types it serves at the token endpoint. */
  readonly grants?: Readonly<Record<string, GrantHandler>>;
  /** Members of the authorization server metadata (RFC 8414 §2). */
  readonly serverMetadata?: (services: Services) => Readonly<Record<string, unknown>>;
  /** Members of a resource's protected resource metadata (RFC 9728 §2). */
  readonly resourceMetadata?: (services: Services, resource: ProtectedResource) => Readonly<Record<string, unknown>>;
  /** The tables that its default store needs. */
  readonly migrations?: readonly Migration[];
}

/**
 * Gathers the members of a metadata document from all capabilities that are on, those that are `undefined` left out.
 * @param membersOf what one of them adds
 */
export function metadataOf<Services, Each extends Pick<Capability<Services, unknown>, 'isEnabled'>>(
  capabilities: readonly Each[],
  services: Services,
  membersOf: (capability: Each) => Readonly<Record<string, unknown>> | undefined,
): Record<string, unknown> {
  const members = capabilities
    .filter((capability) => capability.isEnabled?.(services) !== false)
    .flatMap((capability) => Object.entries(membersOf(capability) ?? {}));
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}
