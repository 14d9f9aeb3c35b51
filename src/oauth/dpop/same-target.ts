/**
 * Whether a proof's `htu` names a URL, apart from query and fragment. Both are brought into one form first, so that an
 * honest client is not refused for its spelling.
 * @see RFC 9449 §4.3, RFC 3986 §6.2.2, §6.2.3
 */
export function isSameTarget(htu: string, url: string): boolean {
  const named = normalised(htu);
  return named !== undefined && named === normalised(url);
}

/** Lower-case scheme and host, no default port, no dot segments; letters that need no escape are without one. */
function normalised(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin, pathname, username, password } = new URL(text);
  if (origin === 'null' || username !== '' || password !== '') return undefined;
  return origin + pathname.replace(/%[0-9a-f]{2}/gi, spelledPlainly);
}

function spelledPlainly(escaped: string): string {
  const character = String.fromCharCode(Number.parseInt(escaped.slice(1), 16));
  return /[A-Za-z0-9._~-]/.test(character) ? character : escaped.toUpperCase();
}
