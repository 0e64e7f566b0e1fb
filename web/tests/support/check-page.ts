// What the tests of the check view do with the page.
import { deepEqual } from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { BrowserContext, Locator, Page } from 'playwright-core';
import type { Watched } from './browser';

export interface TestFile {
  name: string;
  type: string;
  bytes: Buffer;
}

export const fileOf = (path: string): TestFile => ({
  name: basename(path),
  type: path.endsWith('.png') ? 'image/png' : path.endsWith('.jpg') ? 'image/jpeg' : '',
  bytes: readFileSync(path),
});

export async function modelReady(page: Page): Promise<void> {
  await page.locator('.model-strip.ready').waitFor({ timeout: 60_000 });
}

/** Models are not served until the function that is returned is called. */
export async function holdModel(context: BrowserContext): Promise<() => void> {
  let release = () => undefined as void;
  const released = new Promise<void>((resolve) => (release = resolve));
  await context.route('**/*.onnx', async (route) => {
    await released;
    await route.continue();
  });
  return () => release();
}

/** Drops or pastes files, as the browser would hand them to the page. */
export async function hand(page: Page, how: 'drop' | 'paste', files: TestFile[]): Promise<void> {
  const packed = files.map(({ name, type, bytes }) => ({ name, type, base64: bytes.toString('base64') }));
  await page.evaluate(
    ({ kind, list }) => {
      const transfer = new DataTransfer();
      for (const { name, type, base64 } of list) {
        const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
        transfer.items.add(new File([bytes], name, { type }));
      }
      const target = document.querySelector('main') ?? document.body;
      const options = { bubbles: true, cancelable: true };
      if (kind === 'drop') {
        target.dispatchEvent(new DragEvent('dragover', { ...options, dataTransfer: transfer }));
        target.dispatchEvent(new DragEvent('drop', { ...options, dataTransfer: transfer }));
      } else target.dispatchEvent(new ClipboardEvent('paste', { ...options, clipboardData: transfer }));
    },
    { kind: how, list: packed },
  );
}

export async function pick(page: Page, files: TestFile[]): Promise<void> {
  const payload = files.map(({ name, type, bytes }) => ({ name, mimeType: type, buffer: bytes }));
  await page.locator('[data-testid=pick]').setInputFiles(payload);
}

export const entry = (page: Page, name: string): Locator => page.locator('.entry', { hasText: name });

/** Waits until nothing waits or runs. */
export async function allDone(page: Page): Promise<void> {
  await page.locator('.entry').first().waitFor();
  await page.locator('.desk[aria-busy=false]').waitFor({ timeout: 90_000 });
}

/** The result of one picture; asks for the answer where the model would rather give none. */
export async function answer(page: Page, name: string): Promise<Locator> {
  await entry(page, name).click();
  const result = page.getByRole('article', { name });
  await result.locator('.no-answer, .summary').first().waitFor({ timeout: 60_000 });
  const anyway = result.getByRole('button', { name: 'Show the answer anyway' });
  if ((await anyway.count()) > 0) await anyway.click();
  await result.locator('.summary').waitFor();
  return result;
}

/** Calibrated probabilities by class code, at full precision. */
export function probabilities(result: Locator): Promise<Record<string, number>> {
  return result
    .locator('.probability')
    .evaluateAll((all) =>
      Object.fromEntries(
        all.map((each) => [each.getAttribute('data-code') ?? '', Number(each.getAttribute('data-value'))]),
      ),
    );
}

/** Nothing went to another origin, nothing broke the policy, nothing threw. */
export function expectClean({ foreign, violations, errors }: Watched): void {
  deepEqual({ foreign, violations, errors }, { foreign: [], violations: [], errors: [] });
}
