import type { Capability, Handler, Route } from './core/capability.ts';
import { OAuthError } from './core/errors.ts';
import { errorResponse, type RequestContext, requestPath } from './core/http.ts';
import { failureAnswer } from './core/outage.ts';

interface RoutedPath<Services> {
  readonly route: Route<Services>;
  readonly allow: string;
}

/** Reports a failure that is the server's own, before it is answered with 500 or 503. */
export type FailureReport = (error: unknown, context: RequestContext) => void;

/**
 * Derives a router from capabilities: exact public paths to handlers, with methods, CORS and errors done here, once.
 * @returns a function that answers `undefined` for paths that are not its own
 * @throws Error where two capabilities claim one path
 */
export function createRouter<Services>(
  capabilities: readonly Pick<Capability<Services, unknown>, 'name' | 'isEnabled' | 'routes'>[],
  services: Services,
  reportFailure: FailureReport,
): (request: Request, context: RequestContext) => Promise<Response | undefined> {
  const paths = new Map<string, RoutedPath<Services>>();
  for (const capability of capabilities) {
    if (capability.isEnabled?.(services) === false) continue;
    for (const route of capability.routes ?? []) {
      for (const path of [route.path(services)].flat()) {
        if (paths.has(path)) throw new Error(`two capabilities claim ${path}; the second is '${capability.name}'`);
        paths.set(path, { route, allow: allowedMethods(route) });
      }
    }
  }
  return async (request, context) => {
    const found = paths.get(requestPath(request));
    if (found === undefined) return undefined;
    const answered = await answer(found, request, services, context, reportFailure);
    const response = request.method === 'HEAD' ? new Response(null, answered) : answered;
    if (found.route.cors === 'any') allowAnyOrigin(response.headers);
    return response;
  };
}

async function answer<Services>(
  { route, allow }: RoutedPath<Services>,
  request: Request,
  services: Services,
  context: RequestContext,
  reportFailure: FailureReport,
): Promise<Response> {
  if (request.method === 'OPTIONS') return preflight(route, allow);
  const handler = handlerFor(route, request.method);
  if (handler === undefined) {
    return errorResponse(
      new OAuthError('invalid_request', `method ${request.method.slice(0, 20)} is not allowed here; use ${allow}`, {
        status: 405,
        headers: { allow },
      }),
    );
  }
  try {
    return await handler(request, services, context);
  } catch (error) {
    if (error instanceof OAuthError) return errorResponse(error);
    reportFailure(error, context);
    return errorResponse(failureAnswer(error));
  }
}

function handlerFor<Services>(route: Route<Services>, method: string): Handler<Services> | undefined {
  switch (method) {
    case 'GET':
      return route.methods.GET;
    case 'HEAD':
      // RFC 9110 §9.3.2: HEAD is safe. Link checkers and previews send it where nobody has clicked.
      return route.head === 'refused' ? undefined : route.methods.GET;
    case 'POST':
      return route.methods.POST;
    case 'PUT':
      return route.methods.PUT;
    case 'DELETE':
      return route.methods.DELETE;
    default:
      return undefined;
  }
}

function allowedMethods<Services>(route: Route<Services>): string {
  const head = route.methods.GET !== undefined && route.head !== 'refused' ? ['HEAD'] : [];
  return [...Object.keys(route.methods), ...head, 'OPTIONS'].join(', ');
}

function preflight<Services>(route: Route<Services>, allow: string): Response {
  if (route.cors === 'none') return new Response(null, { status: 204, headers: { allow } });
  return new Response(null, {
    status: 200,
    headers: {
      allow,
      'access-control-allow-methods': allow,
      'access-control-allow-headers': 'Authorization, Content-Type, Accept, MCP-Protocol-Version, DPoP',
      'access-control-max-age': '86400',
    },
  });
}

// No credentials mode: what these endpoints answer depends on nothing that a browser attaches by itself. Sent without an
// Origin too: a shared cache keeps the metadata for everybody.
function allowAnyOrigin(headers: Headers): void {
  headers.set('access-control-allow-origin', '*');
  headers.set('access-control-expose-headers', 'WWW-Authenticate, DPoP-Nonce');
}
