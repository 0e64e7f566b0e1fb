// What the tests of the views "personalise" and "model" do with the page.
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import type { Download, Locator, Page } from 'playwright-core';

export async function goTo(page: Page, view: 'check' | 'personalise' | 'model'): Promise<void> {
  await page.evaluate((name) => (location.hash = `#/${name}`), view);
  await page.getByRole('heading', { level: 1 }).locator('visible=true').waitFor();
}

/** The view with the model open. */
export async function openPersonalise(page: Page): Promise<void> {
  await goTo(page, 'personalise');
  await page.locator('[data-testid=bucket-MEL]').waitFor({ timeout: 60_000 });
}

export const countOf = (page: Page, code: string): Locator =>
  page.locator(`[data-testid=bucket-${code}] .bucket-count`);

export async function train(page: Page): Promise<void> {
  await page.locator('[data-testid=readiness][data-ready=true]').waitFor();
  await page.getByRole('button', { name: /^Train/ }).click();
  await page.locator('.comparison').first().waitFor({ timeout: 240_000 });
}

/** Balanced accuracies of a panel, in percent. */
export async function balancedAccuracy(panel: Locator): Promise<{ before: number; after: number }> {
  const read = async (which: string) => Number.parseFloat((await panel.locator(which).textContent()) ?? '');
  return { before: await read('.comparison-before'), after: await read('.comparison-after') };
}

export async function keep(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Keep and use this head' }).click();
  await expect.poll(() => headEvent(page)).toMatch(/is kept and in use/);
}

export async function headEvent(page: Page): Promise<string> {
  return (await page.locator('[data-testid=head-event]').textContent()) ?? '';
}

/** What the press of a button saves. */
export async function saved(
  page: Page,
  press: () => Promise<void>,
): Promise<{ name: string; bytes: Buffer }> {
  const [download] = await Promise.all([page.waitForEvent('download'), press()]);
  return { name: download.suggestedFilename(), bytes: await contentOf(download) };
}

async function contentOf(download: Download): Promise<Buffer> {
  return readFileSync(await download.path());
}

/** How many records an object store of the page's has. */
export function stored(page: Page, store: 'heads' | 'embeddings'): Promise<number> {
  return page.evaluate(
    (name) =>
      new Promise<number>((resolve, reject) => {
        const opening = indexedDB.open('dermdistill-heads');
        opening.onerror = () => reject(opening.error ?? new Error('not opened'));
        opening.onsuccess = () => {
          const count = opening.result.transaction(name).objectStore(name).count();
          count.onsuccess = () => {
            opening.result.close();
            resolve(count.result);
          };
        };
      }),
    store,
  );
}

/** Changes words of the same length inside a file. */
export function replaced(file: Buffer, from: string, to: string): Buffer {
  if (from.length !== to.length) throw new Error('the words differ in length');
  const copy = Buffer.from(file);
  let changed = 0;
  for (let at = copy.indexOf(from); at >= 0; at = copy.indexOf(from, at + 1)) {
    copy.write(to, at, 'latin1');
    changed += 1;
  }
  if (changed === 0) throw new Error(`the file has no ${from}`);
  return copy;
}
