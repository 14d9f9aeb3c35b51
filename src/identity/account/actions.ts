/** Name of the field that says which of the account page's forms was posted. */
export const actionField = 'action';

/** What the account page can do. */
export type AccountAction = 'change-password' | 'end-session' | 'end-other-sessions' | 'revoke';

const notices = {
  'password-changed': 'Your password is changed. You are signed out everywhere else.',
  'session-ended': 'That browser is signed out.',
  'sessions-ended': 'You are signed out everywhere else.',
  revoked: 'The app has no access any more.',
} as const;

/** An action that has happened, as the address of the page after it says. */
export type DoneAction = keyof typeof notices;

/** What to tell the person of an action that has happened. */
export function done(action: string | undefined): string | undefined {
  return Object.entries(notices).find(([name]) => name === action)?.[1];
}
