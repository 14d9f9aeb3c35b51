import type { Page } from 'playwright-core';

const furthest = 40;

/** Waits until a page that has just opened has put the focus into its first field. */
export async function startIn(page: Page, name: string): Promise<void> {
  await page.getByLabel(name, { exact: true }).and(page.locator(':focus')).waitFor();
}

/**
 * Presses Tab until the control with a name has the focus, and the browser shows it.
 * @throws Error where the focus never comes there
 */
export async function tabTo(page: Page, name: string): Promise<void> {
  const target = page.getByLabel(name, { exact: true }).or(page.getByRole('button', { name, exact: true }));
  for (let step = 0; step < furthest; step += 1) {
    await page.keyboard.press('Tab');
    const focus = await target.evaluate((element) => ({
      here: element === document.activeElement,
      ring: getComputedStyle(element).outlineStyle,
    }));
    if (focus.here && focus.ring === 'solid') return;
    if (focus.here) throw new Error(`'${name}' has the focus and does not show it`);
  }
  throw new Error(`Tab does not lead to '${name}'`);
}
