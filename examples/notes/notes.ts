import type { ScopeDefinition } from 'portcullis';
import * as z from 'zod';

/** What a user may grant: every tool is unlocked by one scope, and who may change notes may read them. */
export const noteScopes: Readonly<Record<string, ScopeDefinition>> = {
  'notes:read': {
    title: 'Read your notes',
    description: 'See the text of every note that you have written.',
    tools: ['list_notes'],
  },
  'notes:write': {
    title: 'Write notes',
    description: 'Add new notes in your name.',
    implies: ['notes:read'],
    tools: ['add_note'],
  },
  'notes:delete': {
    title: 'Delete notes',
    description: 'Remove notes for good.',
    implies: ['notes:read'],
    tools: ['delete_note'],
  },
};

export interface Note {
  readonly id: number;
  readonly text: string;
}

/** Every user's notes, kept in memory. */
export class Notes {
  readonly #notesOfUser = new Map<string, readonly Note[]>();
  #lastId = 0;

  list(user: string): readonly Note[] {
    return this.#notesOfUser.get(user) ?? [];
  }

  add(user: string, text: string): Note {
    this.#lastId += 1;
    const note = { id: this.#lastId, text };
    this.#notesOfUser.set(user, [...this.list(user), note]);
    return note;
  }

  /** @returns whether the user had such a note */
  delete(user: string, id: number): boolean {
    const kept = this.list(user).filter((note) => note.id !== id);
    const found = kept.length < this.list(user).length;
    this.#notesOfUser.set(user, kept);
    return found;
  }
}

/** A tool, described once for every MCP framework. */
export interface NoteTool {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly scope: string;
  readonly inputSchema: z.ZodObject;
  /** @param user the `sub` of the access token */
  run(user: string, input: Record<string, unknown>): string;
}

const newNote = z.object({ text: z.string().min(1).max(10_000).describe('What the note says') });
const noteId = z.object({ id: z.int().describe('The number that list_notes shows') });

export function noteTools(notes: Notes): readonly NoteTool[] {
  return [
    {
      name: 'list_notes',
      title: 'List notes',
      description: 'Lists your notes with their numbers.',
      scope: 'notes:read',
      inputSchema: z.object({}),
      run: (user) =>
        notes
          .list(user)
          .map(({ id, text }) => `${id}: ${text}`)
          .join('\n') || 'no notes yet',
    },
    {
      name: 'add_note',
      title: 'Add a note',
      description: 'Writes a note.',
      scope: 'notes:write',
      inputSchema: newNote,
      run: (user, input) => `added note ${notes.add(user, newNote.parse(input).text).id}`,
    },
    {
      name: 'delete_note',
      title: 'Delete a note',
      description: 'Deletes the note with this number.',
      scope: 'notes:delete',
      inputSchema: noteId,
      run: (user, input) => {
        const { id } = noteId.parse(input);
        return notes.delete(user, id) ? `deleted note ${id}` : `there is no note ${id}`;
      },
    },
  ];
}
