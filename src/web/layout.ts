import { iconUrl, mark } from './logo.ts';
import { constantMarkup, type Html, html } from './markup.ts';
import { styles } from './styles.ts';

/** What every page says about the server it belongs to. */
export interface Site {
  /** The server's name as its operator configured it. */
  readonly name: string;
  /** Where the name links to; absent on pages that a person should not leave half done. */
  readonly homeUrl?: string | undefined;
}

export interface PageOptions {
  /** What this page is, without the site's name. */
  readonly title: string;
  readonly site: Site;
  /** The content of `<main>`: cards, the first of which holds the page's only `<h1>`. */
  readonly body: Html;
  /** `narrow` for a single form (28 rem), `medium` for a decision (35 rem), `wide` for lists (48 rem). Default: `narrow`. */
  readonly width?: 'narrow' | 'medium' | 'wide';
}

/** A complete document around a page's content: head, masthead, main, footer. Loads nothing, runs nothing. */
export function page(options: PageOptions): Html {
  const { site, title } = options;
  const brand = html`${mark}<span>${site.name}</span>`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="robots" content="noindex">
<title>${title} · ${site.name}</title>
<link rel="icon" href="${iconUrl}">
<style>${constantMarkup(styles)}</style>
</head>
<body class="${options.width ?? 'narrow'}">
<header class="masthead">${
    site.homeUrl === undefined
      ? html`<span class="brand">${brand}</span>`
      : html`<a class="brand" href="${site.homeUrl}">${brand}</a>`
  }</header>
<main>
${options.body}
</main>
<footer class="footnote small quiet"><p>Sign-in by Portcullis, inside this server</p></footer>
</body>
</html>
`;
}
