// Codes, tokens, verifiers, client secrets and session ids have 43 characters or more; identifiers, which logs need, have 22.
const secretLike = /[A-Za-z0-9_-]{40,}(?:\.[A-Za-z0-9_-]+)*/g;

/**
 * A text for the log without anything in it that looks like a secret. Nobody means to log one; but clients send secrets
 * in the wrong place, and messages repeat what was wrong.
 */
export function hideSecrets(text: string): string {
  return text.replace(secretLike, '[hidden]');
}
