import type { Terminal } from './terminal.ts';

/** A flag of a command: with `value` it takes one, without it is a switch. */
export interface Flag {
  /** What help calls the value, in capitals. */
  readonly value?: string;
  readonly repeatable?: true;
  readonly description: string;
}

/** A word that follows the command's name. */
export interface Positional {
  readonly description: string;
  readonly optional?: true;
  /** Takes all the words that are left. */
  readonly rest?: true;
}

export type Flags = Readonly<Record<string, Flag>>;
export type Positionals = Readonly<Record<string, Positional>>;

type FlagValue<Spec extends Flag> = Spec extends { readonly value: string }
  ? Spec extends { readonly repeatable: true }
    ? readonly string[]
    : string
  : true;
type PositionalValue<Spec extends Positional> = Spec extends { readonly rest: true }
  ? readonly string[]
  : Spec extends { readonly optional: true }
    ? string | undefined
    : string;

/** What a person typed, and where the answer goes. */
export interface Input<Names extends Positionals, Options extends Flags> {
  readonly positionals: { readonly [Name in keyof Names]: PositionalValue<Names[Name]> };
  readonly flags: { readonly [Name in keyof Options]?: FlagValue<Options[Name]> | undefined };
  /** Whether `--json` was given. Commands that return their outcome need not ask. */
  readonly json: boolean;
  readonly terminal: Terminal;
}

/** What a command has to say: one of the two is printed. */
export interface Outcome {
  readonly json: unknown;
  /** For people. */
  readonly text: string;
}

export interface CommandDefinition<Names extends Positionals, Options extends Flags> {
  /** `user add` */
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** Further paragraphs of help. */
  readonly details?: string;
  readonly positionals?: Names;
  readonly flags?: Options;
  /** Lines that can be pasted. */
  readonly examples?: readonly string[];
  /** Returns nothing where it has printed everything itself. */
  run(input: Input<Names, Options>): Promise<Outcome | undefined>;
}

/** A command whose flags are known at run time only. */
export interface Command {
  readonly name: string;
  readonly summary: string;
  readonly details: string | undefined;
  readonly positionals: Positionals;
  readonly flags: Flags;
  readonly examples: readonly string[];
  run(input: UntypedInput): Promise<Outcome | undefined>;
}

export type UntypedInput = Input<Positionals, Flags>;

/** Defines a command; what `run` gets is typed after its flags and positionals. */
export function defineCommand<const Names extends Positionals, const Options extends Flags>(
  definition: CommandDefinition<Names, Options>,
): Command {
  return {
    name: definition.name,
    summary: definition.summary,
    details: definition.details,
    positionals: definition.positionals ?? {},
    flags: definition.flags ?? {},
    examples: definition.examples ?? [],
    run: (input) => definition.run(input as Input<Names, Options>),
  };
}
