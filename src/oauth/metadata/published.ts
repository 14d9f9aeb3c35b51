import type { Handler } from '../../core/capability.ts';
import { publicJsonText, requestPath } from '../../core/http.ts';
import type { OAuthProvider } from '../../provider.ts';

/** How long a document is answered as it was built: milliseconds. Everybody else may keep it for an hour. */
const keptFor = 1000;

interface Built {
  readonly json: string;
  readonly at: number;
}

/**
 * Answers with a document that every capability has its part in. It is built at most once a second, not for every request:
 * settings are fixed, but what a capability can do may change while the server runs.
 * @param build for the path that it is asked for at, which is one of the route's own
 */
export function published<Publisher extends Pick<OAuthProvider, 'clock'>>(
  build: (publisher: Publisher, path: string) => Record<string, unknown>,
): Handler<Publisher> {
  const documents = new WeakMap<Publisher, Map<string, Built>>();
  return (request, provider) => {
    const path = requestPath(request);
    const now = provider.clock.now();
    const ofProvider = documents.get(provider) ?? new Map<string, Built>();
    documents.set(provider, ofProvider);
    let document = ofProvider.get(path);
    // A clock that was set back must not keep it for longer.
    if (document === undefined || now < document.at || now - document.at >= keptFor) {
      document = { json: JSON.stringify(build(provider, path)), at: now };
      ofProvider.set(path, document);
    }
    return publicJsonText(document.json);
  };
}
