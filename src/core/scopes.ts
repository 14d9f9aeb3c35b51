import { AcrValues, checkSignInDemand, type SignInDemand } from './sign-in-demand.ts';
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
  /** What the sign-in behind a token has to be like for this scope to count. */
  readonly signIn?: SignInDemand;
  /** The same for single tools of this scope, besides. A demand on a tool holds by whatever scope it is called. */
  readonly toolSignIn?: Readonly<Record<string, SignInDemand>>;
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
  readonly #demandOfTool = new Map<string, SignInDemand>();
  readonly acrValues: AcrValues;
  /** Whether any scope or tool demands anything of a sign-in. */
  readonly demandsSignIn: boolean;

  /**
   * @param acrValues those that the scopes may demand
   * @throws ConfigurationError for a malformed name, an implied scope that is not declared, or a demand that nobody can meet
   */
  constructor(definitions: Readonly<Record<string, ScopeDefinition>> = {}, acrValues: AcrValues = new AcrValues()) {
    this.acrValues = acrValues;
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
    for (const [name, definition] of this.#definitions) this.#readDemands(name, definition);
    this.demandsSignIn =
      this.#demandOfTool.size > 0 || [...this.#definitions.values()].some(({ signIn }) => signIn !== undefined);
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

  /** What the sign-in behind a token has to be like for this scope to count; what it implies demands for itself. */
  demandOfScope(name: string): SignInDemand | undefined {
    return this.#definitions.get(name)?.signIn;
  }

  demandOfTool(tool: string): SignInDemand | undefined {
    return this.#demandOfTool.get(tool);
  }

  /** What a sign-in has to be like for everything that tokens with these scopes could be used for. */
  demandOf(scopes: readonly string[]): SignInDemand | undefined {
    if (!this.demandsSignIn) return undefined;
    return this.acrValues.strictest(
      [...this.expand(scopes)].flatMap((name) => [
        this.demandOfScope(name),
        ...(this.#definitions.get(name)?.tools ?? []).map((tool) => this.demandOfTool(tool)),
      ]),
    );
  }

  #readDemands(name: string, { signIn, toolSignIn = {}, tools = [] }: ScopeDefinition): void {
    if (signIn !== undefined) checkSignInDemand(`scopes.${name}.signIn`, signIn, this.acrValues);
    for (const [tool, demand] of Object.entries(toolSignIn)) {
      const place = `scopes.${name}.toolSignIn.${tool}`;
      if (!tools.includes(tool)) throw new ConfigurationError(`${place}: '${tool}' is not among scopes.${name}.tools`);
      checkSignInDemand(place, demand, this.acrValues);
      const strictest = this.acrValues.strictest([this.#demandOfTool.get(tool), demand]);
      if (strictest !== undefined) this.#demandOfTool.set(tool, strictest);
    }
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
