/** Why a backup could not be made or used. Nothing was changed. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
  readonly code: 'wrong_key' | 'damaged' | 'no_backup' | 'unsupported' | 'file' | 'not_empty' | 'changed';
  /** What to do next. */
  readonly hint: string | undefined;

  constructor(code: BackupError['code'], message: string, hint?: string) {
    super(message);
    this.code = code;
    this.hint = hint;
  }
}
