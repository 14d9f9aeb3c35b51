/**
 * The one style sheet, inlined into every page and named by hash in the Content-Security-Policy: no page may use a
 * `style` attribute. Every colour pair meets WCAG 2.2 AA in both schemes.
 */
export const styles = `
:root {
  color-scheme: light dark;
  --ground: #f3f2ee;
  --glow: #e4ebe6;
  --card: #ffffff;
  --well: #f7f6f3;
  --text: #1b2421;
  --quiet: #56625d;
  --line: #e2e0d9;
  --control: #7d8883;
  --accent: #1d5c4b;
  --accent-strong: #154638;
  --on-accent: #ffffff;
  --accent-soft: #e5f0eb;
  --danger: #a32a1b;
  --danger-soft: #fcedea;
  --danger-line: #efc6bf;
  --warning: #6d4b00;
  --warning-soft: #fdf4de;
  --warning-line: #ecd59b;
  --shadow: 0 1px 2px rgb(27 36 33 / .05), 0 12px 32px -12px rgb(27 36 33 / .14);
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f1413;
    --glow: #172421;
    --card: #181f1d;
    --well: #1e2624;
    --text: #e7ecea;
    --quiet: #a3afaa;
    --line: #2c3633;
    --control: #7b8a84;
    --accent: #86cdb6;
    --accent-strong: #a4dfcb;
    --on-accent: #0a1f18;
    --accent-soft: #1d332c;
    --danger: #f4a396;
    --danger-soft: #351d19;
    --danger-line: #62352d;
    --warning: #f0d28c;
    --warning-soft: #2e2513;
    --warning-line: #594822;
    --shadow: 0 1px 2px rgb(0 0 0 / .3), 0 16px 40px -16px rgb(0 0 0 / .6);
  }
}
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  min-height: 100vh;
  min-height: 100dvh;
  display: flex;
  flex-direction: column;
  background: var(--ground) radial-gradient(60rem 28rem at 50% -10rem, var(--glow), transparent) no-repeat;
  color: var(--text);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", "Liberation Sans", Arial, sans-serif;
  overflow-wrap: anywhere;
}
h1, h2, h3, p, ul, dl, dd, fieldset { margin: 0; padding: 0; }
h1 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -.015em; font-weight: 650; text-wrap: balance; }
h2 { font-size: 1.0625rem; line-height: 1.35; font-weight: 650; }
h3 { font-size: 1rem; line-height: 1.4; font-weight: 600; }
ul { list-style: none; }
a { color: var(--accent); text-underline-offset: .2em; text-decoration-thickness: .06em; }
a:hover { color: var(--accent-strong); text-decoration-thickness: .12em; }
code { font: .9em/1.5 ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: .25rem; }
.quiet { color: var(--quiet); }
.small { font-size: .875rem; line-height: 1.5; }
.nowrap { white-space: nowrap; }
.visually-hidden {
  position: absolute; width: 1px; height: 1px; margin: -1px; padding: 0; border: 0;
  overflow: hidden; clip-path: inset(50%); white-space: nowrap;
}
.stack > * + * { margin-top: 1rem; }
.stack-small > * + * { margin-top: .375rem; }
.stack-large > * + * { margin-top: 1.75rem; }

.masthead { padding: 1.5rem 1.25rem 0; text-align: center; }
.brand {
  display: inline-flex; align-items: center; gap: .625rem; min-height: 2.75rem; max-width: 100%;
  color: var(--text); font-weight: 650; letter-spacing: -.01em; text-decoration: none;
}
a.brand:hover { color: var(--accent-strong); }
.mark { flex: none; width: 1.75rem; height: 1.75rem; color: var(--accent); }
main { width: 100%; max-width: 28rem; margin: 0 auto; padding: 1.25rem 1rem 2.5rem; }
.medium main { max-width: 35rem; }
.wide main { max-width: 48rem; }
.narrow .masthead { margin-top: auto; }
.footnote { margin-top: auto; padding: 0 1.25rem 1.5rem; text-align: center; }

.card { background: var(--card); border: 1px solid var(--line); border-radius: 1rem; box-shadow: var(--shadow); padding: 2rem; }
.card + .card { margin-top: 1.25rem; }
.card-head { display: flex; flex-wrap: wrap; gap: .75rem 1.25rem; align-items: center; justify-content: space-between; }
.card-head > :first-child { flex: 1 1 16rem; min-width: 0; }
@media (max-width: 30rem) {
  .masthead { padding-top: 1rem; }
  main { padding: .75rem .75rem 2rem; }
  .card { padding: 1.5rem 1.25rem; }
}

.name { display: inline; unicode-bidi: isolate; }
h1 .name { font-weight: 750; }
.clip { display: block; overflow: hidden; }

.field label { display: block; margin-bottom: .375rem; font-weight: 550; }
.field input {
  display: block; width: 100%; min-height: 2.875rem; padding: .5rem .8125rem;
  border: 1px solid var(--control); border-radius: .625rem;
  background: var(--card); color: inherit; font: inherit;
}
.field input:focus-visible { outline-offset: 0; border-color: var(--accent); border-radius: .625rem; }
.field input[readonly] { background: var(--well); color: var(--quiet); border-color: var(--line); }
.field input[aria-invalid="true"] { border-color: var(--danger); }
.field .hint { margin-top: .375rem; color: var(--quiet); }
.field .problem { margin-top: .375rem; color: var(--danger); font-weight: 550; }
input.user-code, code.user-code { font: 600 1.25rem/1.5 ui-monospace, "SF Mono", SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace; letter-spacing: .12em; }
.field input.user-code { text-transform: uppercase; }
.form-column .field { max-width: 24rem; }
.field + button { margin-top: 1.5rem; }
.optional { color: var(--quiet); font-weight: 400; }

button, .button {
  display: inline-flex; align-items: center; justify-content: center; min-height: 2.875rem; padding: .5rem 1.125rem;
  border: 1px solid transparent; border-radius: .625rem; background: var(--accent); color: var(--on-accent);
  font: inherit; font-weight: 600; line-height: 1.3; text-align: center; text-decoration: none; cursor: pointer;
  transition: background-color .12s ease, border-color .12s ease;
}
button:hover, .button:hover { background: var(--accent-strong); color: var(--on-accent); }
button:focus-visible, .button:focus-visible { border-radius: .625rem; }
.wide-button { width: 100%; }
.plain { background: transparent; border-color: var(--control); color: var(--text); }
.plain:hover { background: var(--well); border-color: var(--text); color: var(--text); }
.danger { background: transparent; border-color: var(--danger-line); color: var(--danger); }
.danger:hover { background: var(--danger-soft); border-color: var(--danger); color: var(--danger); }
.link {
  min-height: 2.75rem; padding: .25rem .5rem; margin-inline: -.5rem; border: 0; background: none; color: var(--accent);
  font-weight: 550; text-decoration: underline; text-underline-offset: .2em; text-decoration-thickness: .06em;
}
.link:hover { background: none; color: var(--accent-strong); text-decoration-thickness: .12em; }
.actions { display: flex; gap: .75rem; }
.actions > * { flex: 1 1 0; }

.notice { padding: .8125rem 1rem; border: 1px solid var(--line); border-radius: .75rem; background: var(--well); }
.notice > * + * { margin-top: .25rem; }
.notice strong { font-weight: 650; }
.notice.success { background: var(--accent-soft); border-color: transparent; color: var(--accent-strong); }
.notice.warning { background: var(--warning-soft); border-color: var(--warning-line); color: var(--warning); }
.notice.error { background: var(--danger-soft); border-color: var(--danger-line); color: var(--danger); }
.notice a { color: inherit; }

.badge {
  display: inline-flex; align-items: center; gap: .375rem; padding: .125rem .625rem; border-radius: 1rem;
  background: var(--well); border: 1px solid var(--line); color: var(--quiet);
  font-size: .8125rem; font-weight: 600; line-height: 1.5; vertical-align: middle;
}
.badge.known { background: var(--accent-soft); border-color: transparent; color: var(--accent-strong); }
.badge.unknown { background: var(--warning-soft); border-color: var(--warning-line); color: var(--warning); }

.person {
  display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1rem; justify-content: space-between;
  padding: .375rem 1rem; border: 1px solid var(--line); border-radius: .75rem; background: var(--well);
}
.person form { margin: 0; }
.person p { flex: 1 1 8rem; min-width: 0; padding: .375rem 0; }

.facts > div { display: grid; grid-template-columns: 9rem 1fr; gap: .125rem 1rem; padding: .6875rem 0; border-top: 1px solid var(--line); }
.facts > div:first-child { border-top: 0; padding-top: 0; }
.facts > div:last-child { padding-bottom: 0; }
.facts dt { color: var(--quiet); }
.facts dd { min-width: 0; }
.facts dd > p { margin-top: .125rem; }
.facts dd > .notice { margin-top: .5rem; }
.facts strong { font-weight: 650; }
@media (max-width: 30rem) { .facts > div { grid-template-columns: 1fr; } }

fieldset { border: 0; min-width: 0; }
legend { padding: 0; margin-bottom: .75rem; font-size: 1.0625rem; font-weight: 650; }
.scopes { border: 1px solid var(--line); border-radius: .75rem; }
.scope { padding: .375rem 1rem .875rem; }
.scope + .scope { border-top: 1px solid var(--line); }
.scope label { display: flex; gap: .75rem; align-items: flex-start; min-height: 2.75rem; padding-block: .625rem; font-weight: 600; cursor: pointer; }
.scope label:has(input:disabled) { cursor: default; }
.scope .label { flex: 1; min-width: 0; display: flex; flex-wrap: wrap; gap: .125rem .5rem; align-items: center; }
.scope .title { flex: 1 1 auto; min-width: 0; }
.scope input { flex: none; width: 1.25rem; height: 1.25rem; margin: .15rem 0 0; accent-color: var(--accent); cursor: inherit; }
.scope .detail { padding-left: 2rem; margin-top: -.25rem; }
.scope .detail > * + * { margin-top: .5rem; }
.tools { display: flex; flex-wrap: wrap; gap: .375rem; }
.tools code { padding: .0625rem .5rem; border-radius: .375rem; background: var(--well); border: 1px solid var(--line); font-size: .8125rem; }
summary { min-height: 2.75rem; display: list-item; padding: .625rem 0; cursor: pointer; color: var(--quiet); }
summary:hover { color: var(--text); }
details.tools-more > summary { min-height: 0; padding: .25rem 0; }
@media (pointer: coarse) { details.tools-more > summary { min-height: 2.75rem; padding: .625rem 0; } }

.rows { border-top: 1px solid var(--line); }
.row { display: flex; flex-wrap: wrap; gap: .75rem 1.25rem; align-items: flex-start; justify-content: space-between; padding: 1.125rem 0; }
.row + .row { border-top: 1px solid var(--line); }
.row:last-child { padding-bottom: 0; }
.row > :first-child { flex: 1 1 18rem; min-width: 0; }
.row form { flex: none; }
.inline-list { display: flex; flex-wrap: wrap; gap: .375rem; }

.copy {
  display: block; padding: .75rem 1rem; border: 1px solid var(--line); border-radius: .625rem; background: var(--well);
  -webkit-user-select: all; user-select: all; overflow-wrap: anywhere;
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { transition-duration: 0s !important; animation: none !important; scroll-behavior: auto !important; }
}
@media (forced-colors: active) {
  .card, .notice, .badge, button, .button { border: 1px solid; }
}
`;
