import type { OAuthError, OAuthErrorCode } from '../core/errors.ts';
import type { Site } from './layout.ts';
import type { Html } from './markup.ts';
import { errorPage } from './pages/error.ts';

export interface AuthorizationErrorPageProps {
  readonly site: Site;
  readonly error: OAuthError;
  readonly requestId?: string | undefined;
}

/**
 * The page for an authorization error that must not be redirected to the client. Send it with `error.status`.
 * @see RFC 6749 §4.1.2.1
 */
export function authorizationErrorPage(props: AuthorizationErrorPageProps): Html {
  const { error } = props;
  return errorPage({
    site: props.site,
    ...explanation(error),
    technical: `${error.code}: ${error.description}`,
    requestId: props.requestId,
  });
}

interface Explanation {
  readonly title: string;
  readonly message: string;
  readonly next: string;
}

const unknownApp: Explanation = {
  title: 'This app is not known here',
  message: 'The app that sent you is not registered with this server, or no longer is.',
  next: 'In the app, remove this server and add it again. It will then register anew.',
};

const waitingApp: Explanation = {
  title: 'An administrator has to approve this app first',
  message:
    'The app that sent you has registered with this server, and nobody has approved it yet. Nothing was allowed.',
  next: 'Ask the administrator of this server to approve the app with the id below. Then connect again from the app.',
};

const wrongReturnAddress: Explanation = {
  title: 'This app sent a wrong return address',
  message:
    'The address to send you back to is not one that the app registered. To protect you, nothing was sent there.',
  next: 'In the app, remove this server and add it again. If it happens again, tell the people who make the app.',
};

const usedLink: Explanation = {
  title: 'This link was used already or has expired',
  message: 'A link from an app to this server works once, and only for a short time. Nothing was allowed.',
  next: 'Go back to the app and connect to this server again.',
};

function explanation({ code, parameter }: OAuthError): Explanation {
  if (code === 'invalid_request' && parameter === 'client_id') return unknownApp;
  if (code === 'invalid_request' && parameter === 'redirect_uri') return wrongReturnAddress;
  if (code === 'unauthorized_client' && parameter === 'client_id') return waitingApp;
  return explanationOf(code);
}

function explanationOf(code: OAuthErrorCode): Explanation {
  switch (code) {
    case 'invalid_client':
      return {
        title: 'This app cannot be verified',
        message:
          'The app did not register with this server. It points to a description of itself instead, which cannot be used here.',
        next: 'Nothing was allowed. Tell the people who make the app, or the administrator of this server.',
      };
    case 'unauthorized_client':
      return unknownApp;
    case 'invalid_redirect_uri':
      return wrongReturnAddress;
    case 'invalid_request_uri':
      return usedLink;
    case 'access_denied':
    case 'insufficient_scope':
      return {
        title: 'Not allowed',
        message: 'You or this server did not allow what the app asked for.',
        next: 'Go back to the app and start again, or ask the administrator of this server.',
      };
    case 'server_error':
      return {
        title: 'Something went wrong on this server',
        message: 'It is not your fault, and nothing was allowed.',
        next: 'Try again in a moment. If it happens again, give the reference below to the administrator.',
      };
    case 'temporarily_unavailable':
      return {
        title: 'Too busy at the moment',
        message: 'This server cannot answer right now. Nothing was allowed.',
        next: 'Wait a minute, then start again from the app.',
      };
    case 'login_required':
    case 'unmet_authentication_requirements':
    case 'insufficient_user_authentication':
    case 'consent_required':
    case 'interaction_required':
      return {
        title: 'Start again from the app',
        message: 'This step needs you to sign in and to decide, and the app asked for neither.',
        next: 'Go back to the app and connect to this server again.',
      };
    case 'request_not_supported':
    case 'request_uri_not_supported':
    case 'invalid_request':
    case 'invalid_grant':
    case 'unsupported_grant_type':
    case 'unsupported_response_type':
    case 'invalid_scope':
    case 'invalid_target':
    case 'authorization_pending':
    case 'slow_down':
    case 'expired_token':
    case 'invalid_client_metadata':
    case 'invalid_software_statement':
    case 'unapproved_software_statement':
    case 'invalid_token':
    case 'invalid_dpop_proof':
    case 'use_dpop_nonce':
      return {
        title: 'This app sent a request that cannot be answered',
        message: 'Something in the link that brought you here is missing or wrong. Nothing was allowed.',
        next: 'Go back to the app and start again. If it happens again, tell the people who make the app.',
      };
  }
}
