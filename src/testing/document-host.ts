import { EgressError } from '../core/egress/errors.ts';
import type { FetchedDocument, Fetcher, FetchRequest } from '../core/egress/fetcher.ts';

/** Where clients of the acceptance suite publish their metadata documents: a fetcher that reaches nothing else. */
export class DocumentHost implements Fetcher {
  /** What was asked for, in order. */
  readonly asked: string[] = [];
  readonly #documents = new Map<string, string | EgressError>();

  /** Publishes a document for a client of one's own; `undefined` leaves out a member that it would have otherwise. */
  publish(clientId: string, members: Readonly<Record<string, unknown>> = {}): void {
    this.publishText(
      clientId,
      JSON.stringify({
        client_id: clientId,
        client_name: 'Published client',
        redirect_uris: ['http://localhost:9999/cb'],
        grant_types: ['authorization_code', 'refresh_token'],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        ...members,
      }),
    );
  }

  publishText(clientId: string, text: string): void {
    this.#documents.set(clientId, text);
  }

  /** Answers for a document with an error. Default: it is gone. */
  withdraw(
    clientId: string,
    error = new EgressError('bad_status', 'the host answered with status 404', { status: 404 }),
  ): void {
    this.#documents.set(clientId, error);
  }

  check(): void {}

  async fetch({ url }: FetchRequest): Promise<FetchedDocument> {
    this.asked.push(url);
    const found = this.#documents.get(url) ?? new EgressError('unreachable', 'the host cannot be reached');
    if (found instanceof EgressError) throw found;
    return { url, text: found, obtainedAt: Number.MAX_SAFE_INTEGER };
  }
}
