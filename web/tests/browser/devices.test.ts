// The camera, and browsers that lack what the model needs.
import { expect, test } from 'vitest';
import { launch, open, serve } from '../support/browser';
import { answer, expectClean, fileOf, hand } from '../support/check-page';
import { jpegs } from '../support/pictures';

test('a picture from the camera is checked', async () => {
  const site = await serve();
  const browser = await launch(['--use-fake-device-for-media-stream', '--use-fake-ui-for-media-stream']);
  try {
    const watched = await open(browser, site.url, { permissions: ['camera'] });
    const { page } = watched;
    await page.getByRole('button', { name: 'Use the camera' }).click();
    const dialog = page.getByRole('dialog', { name: 'Camera' });
    await dialog.getByRole('button', { name: 'Take the picture' }).click();
    await dialog.waitFor({ state: 'detached' });
    await answer(page, 'Camera picture 1.png');
    expectClean(watched);
  } finally {
    await browser.close();
    site.stop();
  }
});

test('a camera that is not there or not allowed is said', async () => {
  const site = await serve();
  const browser = await launch();
  try {
    const { page } = await open(browser, site.url);
    await page.getByRole('button', { name: 'Use the camera' }).click();
    const said = await page.getByRole('dialog', { name: 'Camera' }).getByRole('alert').textContent();
    expect(said).toMatch(/camera was not allowed|No camera was found/);
    await page.keyboard.press('Escape');
    expect(await page.getByRole('dialog').count()).toBe(0);
  } finally {
    await browser.close();
    site.stop();
  }
});

test('a browser without WebAssembly SIMD is told so plainly', async () => {
  const site = await serve();
  // Without SSE 4.1 the browser's compiler has no SIMD instructions to offer.
  const browser = await launch(['--js-flags=--no-enable-sse4-1']);
  try {
    const { page } = await open(browser, site.url);
    const strip = page.locator('.model-strip.failed');
    await strip.waitFor();
    expect(await strip.textContent()).toContain('WebAssembly has no SIMD');
    await hand(page, 'drop', [fileOf(jpegs()[0] ?? '')]);
    await page.locator('.entry-state.problem').waitFor();
  } finally {
    await browser.close();
    site.stop();
  }
});
