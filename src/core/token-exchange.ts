import type { ResourceCatalogue } from './resources.ts';
import { ConfigurationError } from './urls.ts';

/** One way in which a server may trade its callers' tokens for tokens of another resource. */
export interface ExchangePath {
  /** Id of the client that the server authenticates as. */
  readonly clientId: string;
  /** The server's own resource, whose tokens it was called with: as configured, or `default`. */
  readonly from: string;
  /** The resource that it calls for the user. */
  readonly to: string;
  /** Each scope that the new token may have, with the scope of `from` that the presented token must have for it. */
  readonly scopes: Readonly<Record<string, string>>;
}

/**
 * Checks the paths that an administrator allows.
 * @throws ConfigurationError naming the path and what to change
 */
export function checkExchangePaths(paths: readonly ExchangePath[], resources: ResourceCatalogue): void {
  for (const [index, { from, to, scopes }] of paths.entries()) {
    const place = `tokenExchange.paths.${index}`;
    const [source, target] = [from, to].map((key) => {
      const found = resources.all.find((resource) => resource.key === key);
      if (found !== undefined) return found;
      const known = resources.all.map((resource) => `'${resource.key}'`).join(', ');
      throw new ConfigurationError(`${place}: there is no resource '${key}', only ${known}`);
    });
    if (Object.keys(scopes).length === 0)
      throw new ConfigurationError(`${place}.scopes is empty: a token from it could do nothing`);
    for (const [wanted, needed] of Object.entries(scopes)) {
      for (const [scope, resource] of [
        [wanted, target],
        [needed, source],
      ] as const) {
        if (resource?.offers(scope) === false)
          throw new ConfigurationError(`${place}.scopes: resource '${resource.key}' has no scope '${scope}'`);
      }
    }
  }
}
