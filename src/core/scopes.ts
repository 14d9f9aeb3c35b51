import { ConfigurationError } from './urls.ts';

// RFC 6749 §3.3: scope-token = 1*( %x21 / %x23-5B / %x5D-7E )
const scopeToken = /^[\x21\x23-\x5b\x5d-\x7e]{1,128}$/;

/** How a scope is shown to people and what it means to the resource server. */
export interface ScopeDefinition {
  /** A few words for the consent page: "Read your notes". */
  readonly title?: string;
  /** One sentence for the consent page. */
  readonly description?: string;
  /** Scopes that a token with this one satisfies too. */
  readonly implies?: readonly string[];
  /** MCP tools that need this scope. */
  readonly tools?: readonly string[];
  /** Whether the user may untick it at consent. Default: only where it is not a required scope. */
  readonly optional?: boolean;
}

/** Splits a `scope` parameter; `undefined` where it breaks the grammar. Repeated names count once. */
export function parseScope(value: string): string[] | undefined {
  const names = value.split(' ').filter((name) => name !== '');
  return names.every((name) => scopeToken.test(name)) ? [...new Set(names)] : undefined;
}

export function formatScope(scopes: readonly string[]): string {
  return scopes.join(' ');
}

/**
 * The scopes that a server knows, what each implies, and which MCP tools each unlocks.
 * An undeclared scope implies nothing and unlocks nothing.
 */
export class ScopeCatalogue {
  readonly #definitions: ReadonlyMap<string, ScopeDefinition>;
  readonly #implied = new Map<string, ReadonlySet<string>>();
  readonly #scopesOfTool = new Map<string, string[]>();

  /** @throws ConfigurationError for a malformed name or an implied scope that is not declared */
  constructor(definitions: Readonly<Record<string, ScopeDefinition>> = {}) {
    this.#definitions = new Map(Object.entries(definitions));
    for (const [name, definition] of this.#definitions) {
      if (!scopeToken.test(name))
        throw new ConfigurationError(`scope '${name}' is not a valid scope name (RFC 6749 section 3.3)`);
      for (const implied of definition.implies ?? []) {
        if (!this.#definitions.has(implied))
          throw new ConfigurationError(`scope '${name}' implies '${implied}', which is not declared`);
      }
      for (const tool of definition.tools ?? []) {
        this.#scopesOfTool.set(tool, [...(this.#scopesOfTool.get(tool) ?? []), name]);
      }
    }
    for (const name of this.#definitions.keys()) this.#implied.set(name, this.#closure(name));
  }

  get names(): string[] {
    return [...this.#definitions.keys()];
  }

  get(name: string): ScopeDefinition | undefined {
    return this.#definitions.get(name);
  }

  /** The scopes together with all that they imply. */
  expand(scopes: readonly string[]): Set<string> {
    const all = new Set<string>();
    for (const scope of scopes) {
      all.add(scope);
      for (const implied of this.#implied.get(scope) ?? []) all.add(implied);
    }
    return all;
  }

  /** The required scopes that the held ones do not satisfy, implication counted. */
  missing(held: readonly string[], required: readonly string[]): string[] {
    if (required.length === 0) return [];
    const all = this.expand(held);
    return required.filter((scope) => !all.has(scope));
  }

  /** Whether any scope declares tools: then a tool that none declares is locked for everybody. */
  get guardsTools(): boolean {
    return this.#scopesOfTool.size > 0;
  }

  /** The scopes that a tool needs: all that list it. `undefined`: no scope lists it. */
  scopesOfTool(tool: string): readonly string[] | undefined {
    return this.#scopesOfTool.get(tool);
  }

  /** The tools that a token with this scope may call, those of the scopes that it implies included. */
  toolsOf(scope: string): readonly string[] {
    return [...new Set([...this.expand([scope])].flatMap((name) => this.#definitions.get(name)?.tools ?? []))];
  }

  #closure(start: string): ReadonlySet<string> {
    const reached = new Set<string>();
    const queue = [start];
    for (let name = queue.pop(); name !== undefined; name = queue.pop()) {
      for (const implied of this.#definitions.get(name)?.implies ?? []) {
        if (!reached.has(implied)) {
          reached.add(implied);
          queue.push(implied);
        }
      }
    }
    return reached;
  }
}
