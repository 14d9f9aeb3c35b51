import { OAuthError } from '../core/errors.ts';
import { ConfigurationError } from '../core/urls.ts';
import { UserError } from '../identity/users/user.ts';
import { BundleError } from '../oauth/client-metadata/bundle.ts';
import { BackupError } from '../operations/backup/backup-error.ts';
import { ListenError } from '../operations/listening/listen.ts';
import { DatabaseError } from '../storage/errors.ts';

/** How a command ends. */
export const exitCodes = { success: 0, failure: 1, usage: 2, notFound: 3, interrupted: 130 } as const;
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** A failure that the person at the terminal can do something about. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
  readonly kind: 'failure' | 'usage' | 'not_found' | 'interrupted';
  /** What to do next. */
  readonly hint: string | undefined;

  constructor(kind: CommandError['kind'], message: string, hint?: string) {
    super(message);
    this.kind = kind;
    this.hint = hint;
  }
}

/** An error as it is told: to people line by line, to programs as JSON. */
export interface Failure {
  readonly exitCode: ExitCode;
  /** For programs. */
  readonly code: string;
  readonly lines: readonly string[];
  readonly hint?: string | undefined;
}

/** Explains whatever a command threw. */
export function failureOf(error: unknown): Failure {
  if (error instanceof CommandError)
    return { exitCode: exitCodeOf(error.kind), code: error.kind, lines: [error.message], hint: error.hint };
  if (error instanceof ConfigurationError)
    return { exitCode: exitCodes.usage, code: 'configuration', lines: error.message.split('\n') };
  if (error instanceof UserError)
    return { exitCode: exitCodeOfUserError(error.code), code: error.code, lines: [error.message] };
  if (error instanceof BackupError)
    return { exitCode: exitCodes.failure, code: `backup_${error.code}`, lines: [error.message], hint: error.hint };
  if (error instanceof BundleError) return { exitCode: exitCodes.failure, code: 'bundle', lines: [error.message] };
  if (error instanceof OAuthError) return { exitCode: exitCodes.usage, code: error.code, lines: [error.description] };
  if (error instanceof DatabaseError || error instanceof ListenError) {
    const code = error instanceof DatabaseError ? `database_${error.code}` : 'listen';
    return { exitCode: exitCodes.failure, code, lines: [error.message], hint: error.hint };
  }
  const unexpected = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return { exitCode: exitCodes.failure, code: 'unexpected', lines: unexpected.split('\n') };
}

function exitCodeOf(kind: CommandError['kind']): ExitCode {
  switch (kind) {
    case 'failure':
      return exitCodes.failure;
    case 'usage':
      return exitCodes.usage;
    case 'not_found':
      return exitCodes.notFound;
    case 'interrupted':
      return exitCodes.interrupted;
  }
}

function exitCodeOfUserError(code: UserError['code']): ExitCode {
  switch (code) {
    case 'not_found':
      return exitCodes.notFound;
    case 'invalid':
      return exitCodes.usage;
    case 'name_taken':
    case 'last_admin':
      return exitCodes.failure;
  }
}
