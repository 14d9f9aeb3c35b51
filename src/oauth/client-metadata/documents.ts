import { isDeepStrictEqual } from 'node:util';
import { AddressLimit } from '../../core/address-limit.ts';
import { EgressError } from '../../core/egress/errors.ts';
import { OAuthError } from '../../core/errors.ts';
import type { RequestContext } from '../../core/http.ts';
import type { ClientId } from '../../core/ids.ts';
import type { MetadataDocumentPolicy } from '../../core/metadata-documents.ts';
import { type Client, hasDocument } from '../../core/records.ts';
import type { OAuthProvider } from '../../provider.ts';
import { parseMetadataDocument } from './document.ts';
import { isDocumentUrl, parseDocumentUrl } from './document-url.ts';
import { unusable } from './unusable.ts';

/** How old a fetched document may be that cannot be used: its owner may have mended it, whatever it said of its lifetime. */
const brokenFor = 30_000;

/** Clients whose id is the URL of a document about them. */
export class MetadataDocuments {
  readonly #provider: OAuthProvider;
  readonly #policy: MetadataDocumentPolicy;
  readonly #lookups: AddressLimit;

  constructor(provider: OAuthProvider, policy: MetadataDocumentPolicy) {
    this.#provider = provider;
    this.#policy = policy;
    this.#lookups = new AddressLimit(policy.lookups, provider.clock);
  }

  /** Whether a client that comes with a URL can be accepted at all: only then is it advertised. */
  get areAvailable(): boolean {
    const { egress } = this.#provider;
    return this.#areSupported && (egress !== undefined || this.#provider.hasImportedDocuments?.() === true);
  }

  get #areSupported(): boolean {
    return this.#policy.enabled && this.#provider.rememberClient !== undefined;
  }

  /**
   * The client that wants to begin an authorization, as its document says now, in this order: URL well formed → host not
   * denied → imported document → host allowed → not too many unknown ones from this address → fetched, or from the cache.
   * @throws OAuthError `invalid_client` where its document cannot be used, `temporarily_unavailable` where that may pass
   * @see draft-ietf-oauth-client-id-metadata-document §4
   */
  async resolve(clientId: ClientId, context: RequestContext): Promise<Client> {
    const { host, hostname } = this.#accepted(clientId);
    const imported = await this.#imported(clientId);
    if (imported !== undefined) return imported;
    this.#checkFetchable(clientId, hostname);
    if ((await this.#provider.getClient(clientId)) === undefined) this.#countLookup(host, context);
    return this.#fetched(clientId);
  }

  /**
   * Sees to it that a client is stored that is about to authenticate, where an authorization may begin with that. Client
   * ids that are no URLs are left alone.
   * @throws OAuthError as `resolve` does
   */
  async introduce(clientId: string | undefined, context: RequestContext): Promise<void> {
    if (clientId === undefined || !isDocumentUrl(clientId)) return;
    const client = await this.#provider.resolveClient(clientId as ClientId, context);
    if (client !== undefined) await this.accept(client);
  }

  /**
   * A client that was accepted before, as its document says now. The stored one where nobody can tell at the moment.
   * @returns `undefined` where its document is gone, cannot be used any more, or is not welcome any more
   */
  async current(client: Client): Promise<Client | undefined> {
    if (!hasDocument(client)) return client;
    try {
      const { hostname } = this.#accepted(client.clientId);
      const imported = await this.#imported(client.clientId);
      if (imported === undefined) this.#checkFetchable(client.clientId, hostname);
      const now = imported ?? (await this.#fetched(client.clientId));
      if (isSame(now, client)) return client;
      await this.accept(now);
      return now;
    } catch (error) {
      if (!(error instanceof OAuthError)) throw error;
      return error.status >= 500 ? client : undefined;
    }
  }

  /** Stores a client that an authorization begins for, as its document says now; others are stored already. */
  async accept(client: Client): Promise<void> {
    if (!hasDocument(client)) return;
    const { clientId } = client;
    const known = await this.#provider.getClient(clientId);
    await this.#provider.rememberClient?.(client);
    if (known === undefined) this.#provider.report({ name: 'client.discovered', clientId });
    else if (!isSame(client, known))
      this.#provider.report({ name: 'client.document_changed', clientId, reason: differences(client, known) });
  }

  /**
   * Checks a document before it is imported.
   * @throws OAuthError `invalid_client` where it would not be accepted
   */
  check(clientId: ClientId, text: string): void {
    this.#accepted(clientId);
    parseMetadataDocument(text, clientId, this.#provider);
  }

  #accepted(clientId: ClientId): URL {
    if (!this.#areSupported)
      throw unusable(
        'this server accepts no client_id that is a URL; register the client, and use the id that it gets',
      );
    const url = parseDocumentUrl(clientId);
    if (this.#policy.denies(url.hostname))
      throw unusable(`clients of ${url.hostname} are not accepted by this server`, {
        hint: 'clientMetadata.deniedHosts lists the host',
      });
    return url;
  }

  async #imported(clientId: ClientId): Promise<Client | undefined> {
    const text = await this.#provider.importedDocument?.(clientId);
    return text === undefined ? undefined : this.#clientOf(clientId, text, 'imported_document');
  }

  #checkFetchable(clientId: ClientId, hostname: string): void {
    const { egress } = this.#provider;
    if (egress === undefined)
      throw unusable('this server fetches nothing, and the metadata document of this client was not imported here', {
        hint: 'import it with portcullis client import, or turn egress on',
      });
    if (!this.#policy.allows(hostname))
      throw unusable(`this server does not accept clients of ${hostname}: it is not among the allowed hosts`, {
        hint: 'clientMetadata.allowedHosts does not list the host',
      });
    try {
      egress.check(clientId);
    } catch (error) {
      throw asOAuthError(error);
    }
  }

  #countLookup(host: string, context: RequestContext): void {
    const wait = this.#lookups.take(context.clientAddress);
    if (wait === 0) return;
    this.#provider.report({
      name: 'request.rate_limited',
      reason: `too many clients that are not known yet; the last was of ${host}`,
      ...context,
    });
    throw new OAuthError(
      'temporarily_unavailable',
      `too many clients that this server does not know yet came from this address; try again in ${wait} seconds`,
      { status: 429, headers: { 'retry-after': String(wait) } },
    );
  }

  async #fetched(clientId: ClientId): Promise<Client> {
    const document = await this.#fetch(clientId);
    try {
      return this.#clientOf(clientId, document.text, 'metadata_document');
    } catch (error) {
      // §4.4: documents that are invalid MUST NOT be cached.
      if (this.#provider.clock.now() - document.obtainedAt <= brokenFor) throw error;
      return this.#clientOf(clientId, (await this.#fetch(clientId, brokenFor)).text, 'metadata_document');
    }
  }

  async #fetch(url: string, maximumAge?: number) {
    const { egress } = this.#provider;
    if (egress === undefined) throw unusable('this server fetches nothing');
    try {
      return await egress.fetch({
        url,
        purpose: 'client_metadata',
        ...(maximumAge === undefined ? {} : { maximumAge }),
      });
    } catch (error) {
      throw asOAuthError(error);
    }
  }

  #clientOf(clientId: ClientId, text: string, registeredBy: Client['registeredBy']): Client {
    const metadata = parseMetadataDocument(text, clientId, this.#provider);
    return { ...metadata, clientId, registeredBy, issuedAt: this.#provider.clock.now() };
  }
}

function asOAuthError(error: unknown): unknown {
  if (!(error instanceof EgressError)) return error;
  const { description, detail, mayPass } = error;
  if (!mayPass) return unusable(`the metadata document of the client cannot be fetched: ${description}`, { detail });
  return new OAuthError(
    'temporarily_unavailable',
    `the metadata document of the client cannot be fetched now: ${description}; try again later`,
    { detail, headers: { 'retry-after': '30' } },
  );
}

function isSame(a: Client, b: Client): boolean {
  return isDeepStrictEqual({ ...a, issuedAt: 0 }, { ...b, issuedAt: 0 });
}

function differences(now: Client, before: Client): string {
  const names = new Set([...Object.keys(now), ...Object.keys(before)] as (keyof Client)[]);
  names.delete('issuedAt');
  return `changed: ${[...names].filter((name) => !isDeepStrictEqual(now[name], before[name])).join(', ')}`;
}
