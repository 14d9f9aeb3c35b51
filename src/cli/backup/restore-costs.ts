import type { BackupContent } from '../../operations/backup/content.ts';
import type { Findings } from '../../operations/backup/target.ts';
import { counted, momentText } from '../text.ts';

const mostNames = 20;

/** What a restore ends and loses, and what to do about it: one sentence or two a line. */
export function costs({ manifest, tables }: BackupContent, findings: Findings, secrets: 'end' | 'keep'): string[] {
  const rows = (table: string) => tables.find((summary) => summary.table === table)?.rows ?? 0;
  const left = (table: string) => manifest.leftOut[table] ?? 0;
  const since = momentText(manifest.createdAt);
  return [
    `Everybody signs in again: ${counted(rows('users'), 'user')}, who had ${counted(left('sessions'), 'session')} then.`,
    `Every app asks its user again: ${counted(left('grants'), 'grant')} and ${counted(left('consents'), 'remembered consent')} of that time are not restored, nor are any later ones.`,
    'Access tokens end, also at resource servers that check them by published keys: new signing keys are made. A cached key set may keep old keys for as long as its reader caches it.',
    secrets === 'end'
      ? `Secrets of clients end: give each a new one with portcullis client secret. Clients that registered themselves register again. Clients with keys go on.`
      : 'Secrets of clients work as they did then, also those that were replaced since: replace them with portcullis client secret.',
    'Clients can no longer change their registration themselves, and initial access tokens have ended: make new ones with portcullis registration-token add.',
    `Assertions and DPoP proofs from before the restore are refused; clients make new ones by themselves.`,
    `Changes since ${since} UTC are lost: users who were disabled, deleted or demoted are as they were then, passwords that were changed are the old ones, and clients that were deleted, denied or given other keys are back. Disable users you doubt (portcullis user disable), and delete clients (portcullis client delete).`,
    'Documents of clients are those of that time: import newer bundles again.',
    ...named('Users that are disabled in the database now, and may be active afterwards', findings.disabled),
    ...named('Users whose password was changed since', findings.passwordChanged),
    ...named('Users that were added since, and will be gone', findings.added),
  ];
}

function named(what: string, names: readonly string[]): string[] {
  if (names.length === 0) return [];
  const more = names.length > mostNames ? `, and ${names.length - mostNames} more` : '';
  return [`${what}: ${names.slice(0, mostNames).join(', ')}${more}.`];
}
