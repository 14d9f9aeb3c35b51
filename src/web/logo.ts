import { constantMarkup, type Html, html } from './markup.ts';

const shapes =
  '<path d="M4 29V14a12 12 0 0 1 24 0v15M4 12.5h24M4 19h24M10 4v19M16 2v21M22 4v19"/>' +
  '<path d="m8.2 23 1.8 4 1.8-4zM14.2 23l1.8 4 1.8-4zM20.2 23l1.8 4 1.8-4z" fill="currentColor"/>';
const stroke = 'fill="none" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round"';

/** The portcullis in its gate, decorative, in the colour of the text around it. */
export const mark: Html = html`<svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false" ${constantMarkup(stroke)} stroke="currentColor">${constantMarkup(shapes)}</svg>`;

/** The same mark as a `data:` URL, so that a browser asks for no icon file. */
export const iconUrl = `data:image/svg+xml,${encodeURIComponent(
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32" ${stroke} stroke="#3f9479" color="#3f9479">${shapes}</svg>`,
)}`;
