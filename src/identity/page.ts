import type { Handler } from '../core/capability.ts';
import { OAuthError } from '../core/errors.ts';
import { maximumFormBytes, mediaType, type RequestContext, readBody } from '../core/http.ts';
import { failureAnswer } from '../core/outage.ts';
import { Params } from '../core/params.ts';
import type { CsrfVerdict } from '../web/csrf.ts';
import type { Site } from '../web/layout.ts';
import { errorPage } from '../web/pages/error.ts';
import { htmlResponse } from '../web/response.ts';
import { PasswordsBusyError } from './passwords/work-queue.ts';
import type { IdentityServices } from './services.ts';

/** What a person is told, and how to go on. */
export interface Problem {
  readonly title: string;
  readonly message: string;
  readonly next?: string;
  readonly link?: { readonly url: string; readonly label: string };
}

/** Thrown by a page's handler to show an error page instead. */
export class PageError extends Error {
  override readonly name = 'PageError';
  readonly status: number;
  readonly problem: Problem;

  constructor(status: number, problem: Problem) {
    super(problem.message);
    this.status = status;
    this.problem = problem;
  }
}

// The consent form has a field for each scope.
const maximumFields = 1000;

/** A handler whose errors, whatever they are, are shown as a page. */
export function page(handler: Handler<IdentityServices>): Handler<IdentityServices> {
  return async (request, services, context) => {
    try {
      return await handler(request, services, context);
    } catch (error) {
      return problemResponse(error, services, context);
    }
  };
}

/** What every page says about the server. */
export function siteOf({ siteName, paths }: IdentityServices): Site {
  return { name: siteName, homeUrl: paths.home };
}

/**
 * The parameters of a page's address.
 * @throws OAuthError `invalid_request`
 */
export function queryParams(request: Request): Params {
  return Params.parse(new URL(request.url).search.slice(1));
}

/** Whether a page that says what was done was reached from here: anybody can make a link to it. */
export function followsOwnForm({ headers }: Request): boolean {
  return (headers.get('sec-fetch-site') ?? 'same-origin') === 'same-origin';
}

/** The form that a handler expects. */
export interface ExpectedForm {
  /** What its CSRF token was issued for, where that depends on the form worked out from it. */
  readonly purpose: string | ((params: Params) => string);
  /** The page that it is on, for whoever has to open it again. */
  readonly page: (params: Params) => string;
}

/**
 * Reads a posted form, which must come from a page of this server in this browser.
 * @throws PageError with status 403 where it does not, 415 for another content type
 * @throws OAuthError `invalid_request` for a malformed form
 */
export async function postedForm(
  request: Request,
  services: IdentityServices,
  expected: ExpectedForm,
): Promise<Params> {
  if (mediaType(request) !== 'application/x-www-form-urlencoded') {
    throw new PageError(415, { title: 'Not a form', message: 'This address takes forms only.' });
  }
  const params = Params.parse(await readBody(request, maximumFormBytes), maximumFields);
  const purpose = typeof expected.purpose === 'string' ? expected.purpose : expected.purpose(params);
  const verdict = services.csrf.check(request, params, purpose);
  const refusal = refusalOf(verdict, expected.page(params), services);
  if (refusal !== undefined) throw refusal;
  return params;
}

function refusalOf(verdict: CsrfVerdict, pageUrl: string, { paths }: IdentityServices): PageError | undefined {
  const link = { url: pageUrl, label: 'Open the page again' };
  switch (verdict) {
    case 'ok':
      return undefined;
    case 'cross-site':
      return new PageError(403, {
        title: 'This form came from another site',
        message: 'Another website tried to send a form here in your name. Nothing was done.',
        link: { url: paths.account, label: 'Your account' },
      });
    case 'missing':
      return new PageError(403, {
        title: 'This form cannot be used',
        message: 'It was not opened in this browser, or this browser refuses cookies. Nothing was done.',
        next: 'Allow cookies for this site, then open the page again.',
        link,
      });
    case 'mismatch':
      return new PageError(403, {
        title: 'This page is out of date',
        message: 'It was opened by somebody else, before you signed in, or too long ago. Nothing was done.',
        link,
      });
  }
}

function problemResponse(error: unknown, services: IdentityServices, context: RequestContext): Response {
  const { status, headers, problem } = described(error);
  if (status >= 500 && !(error instanceof PasswordsBusyError))
    services.provider.report({ name: 'server.error', reason: 'a page failed', error, ...context });
  const body = errorPage({ site: siteOf(services), ...problem, requestId: context.requestId });
  return htmlResponse(body, { status, headers });
}

function described(error: unknown): { status: number; headers: Readonly<Record<string, string>>; problem: Problem } {
  if (error instanceof PageError) return { status: error.status, headers: {}, problem: error.problem };
  if (error instanceof PasswordsBusyError) {
    return {
      status: 503,
      headers: { 'retry-after': '1' },
      problem: {
        title: 'Too busy at the moment',
        message: 'Many people are signing in. Nothing was done.',
        next: 'Go back, wait a moment and try again.',
      },
    };
  }
  if (error instanceof OAuthError && error.status < 500) {
    return {
      status: error.status,
      headers: {},
      problem: { title: 'This request cannot be answered', message: `Something in it is wrong: ${error.description}.` },
    };
  }
  const { status, headers } = failureAnswer(error);
  return { status, headers, problem: status === 503 ? unavailable : failed };
}

const unavailable: Problem = {
  title: 'This server cannot do that now',
  message: 'It is not your fault, and nothing was done.',
  next: 'Go back, wait a minute and try again. If it happens again, give the reference below to the administrator.',
};

const failed: Problem = {
  title: 'Something went wrong on this server',
  message: 'It is not your fault.',
  next: 'Try again in a moment. If it happens again, give the reference below to the administrator.',
};
