import type { Answer } from './requirement.ts';

/** Answers that several lists share. */
export const errorsBeforeSignIn: Answer = {
  declined:
    'An authorization request that is wrong in itself is answered at its registered redirect URI before sign-in, as RFC 6749 section 4.1.2.1 has it and as clients wait for it. Registration limits where that can be: https, loopback or a private-use scheme, matched exactly. Everything that users decide is sent on only after the consent page has named the host.',
};

export const appSchemes: Answer = {
  declined:
    'Schemes that are reverse domain names are accepted, and besides them a short fixed list of schemes that well-known MCP clients use (cursor, vscode and so on), which an operator can extend. Every other scheme is refused.',
};

export const privateUseSchemes: Answer = {
  declined:
    'Private-use schemes of installed applications are accepted too (RFC 8252 section 7.1), because MCP clients in editors register them; the consent page says that other applications can claim the same scheme. http is refused anywhere but on this machine.',
};

export const consentIsRemembered: Answer = {
  declined:
    'An approval is remembered per user, client, redirect host, resource and scope, public clients included; the page is shown again when any of these widens, when the client asks for it, and when the browser does not report that the request began on this site or by the user.',
};

export const noFraming: Answer = { declined: 'No page may be framed by anybody: frame-ancestors is always none.' };

export const noOnwardRequests: Answer = {
  peer: 'The author of the MCP tools: a token for this resource is worth nothing elsewhere, and Portcullis itself sends none on.',
};

export const noThirdPartyServer: Answer = {
  peer: 'An MCP proxy in front of a third-party authorization server; Portcullis signs users in itself and forwards to nobody.',
};
