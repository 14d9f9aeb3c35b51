/** How binding a requirement is: the key words of BCP 14, or the kind of list that it comes from. */
export type Level = 'MUST' | 'MUST NOT' | 'SHOULD' | 'SHOULD NOT' | 'case' | 'pitfall';

/** What Portcullis answers to a requirement; a reason wherever the answer is not a test that passes. */
export type Answer =
  | 'met'
  | { readonly declined: string }
  | { readonly later: string }
  /** Somebody else's to meet: who, and what Portcullis gives them for it. */
  | { readonly peer: string };

export interface Requirement {
  /** Unique; tests cite it in brackets at the end of their title. */
  readonly id: string;
  /** The source's short name: `RFC 7636`. */
  readonly source: string;
  /** Section number or heading in the source. */
  readonly section: string;
  readonly level: Level;
  /** One sentence in our own words. */
  readonly text: string;
  readonly answer: Answer;
}

/** A document that requirements are taken from. */
export interface Source {
  readonly name: string;
  readonly title: string;
  /** Absent for lists of our own. */
  readonly url?: string;
}

export interface RequirementList {
  readonly source: Source;
  readonly requirements: readonly Requirement[];
}

/** One line of a list: id, section, level, text, and the answer unless it is `met`. */
export type Row = readonly [id: string, section: string, level: Level, text: string, answer?: Answer];

/** Makes the records of one source from its lines. */
export function requirementsOf(source: Source, rows: readonly Row[]): RequirementList {
  return {
    source,
    requirements: rows.map(([id, section, level, text, answer = 'met']) => ({
      id,
      source: source.name,
      section,
      level,
      text,
      answer,
    })),
  };
}
