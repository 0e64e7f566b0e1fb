// Makes docs/check.png and docs/personalise.png: the built site, made-up lesions.
import { mkdirSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Page } from 'playwright-core';
import { launch, open, serve, webRoot } from '../tests/support/browser.ts';
import { allDone, answer, entry, fileOf, hand, modelReady } from '../tests/support/check-page.ts';
import { labelledFolder, labelledPictures } from '../tests/support/labelled-pictures.ts';
import makePictures, { jpegs } from '../tests/support/pictures.ts';

const docs = resolve(webRoot, '../docs');
const desktop = { viewport: { width: 1200, height: 820 }, deviceScaleFactor: 1 };

/** The first picture that the model answers, if there is one with the melanoma that people would look for. */
async function openShownExample(page: Page): Promise<void> {
  const answered: string[] = [];
  for (const file of jpegs().slice(0, 6).map(fileOf)) {
    await entry(page, file.name).click();
    const result = page.getByRole('article', { name: file.name });
    await result.locator('.no-answer, .summary').first().waitFor();
    if ((await result.locator('.no-answer').count()) > 0) continue;
    const finding = (await result.locator('.finding').textContent()) ?? '';
    if (finding.includes('Melanoma')) answered.unshift(file.name);
    else answered.push(file.name);
  }
  await answer(page, answered[0] ?? 'lesion-00.jpg');
}

await makePictures();
labelledPictures();
mkdirSync(docs, { recursive: true });
const [site, browser] = await Promise.all([serve(), launch()]);
try {
  const { page } = await open(browser, site.url, desktop);
  await modelReady(page);
  await hand(page, 'drop', jpegs().slice(0, 6).map(fileOf));
  await allDone(page);
  await openShownExample(page);
  // The map of the class is stronger on paper than on a screen.
  await page.getByLabel('Strength of the map').fill('0.7');
  await page.mouse.move(0, 0);
  await page.screenshot({ path: resolve(docs, 'check.png') });

  await page.evaluate(() => (location.hash = '#/personalise'));
  await page.locator('[data-testid=bucket-MEL]').waitFor();
  await page.locator('[data-testid=pick-folder]').setInputFiles(labelledFolder);
  await page.locator('[data-testid=readiness][data-ready=true]').waitFor({ timeout: 120_000 });
  await page.getByRole('button', { name: /^Train/ }).click();
  await page.locator('.comparison').first().waitFor({ timeout: 240_000 });
  // Below the page's head, which stays in view.
  await page.locator('#personalise-result').evaluate((heading) => {
    heading.scrollIntoView();
    scrollBy(0, -90);
  });
  await page.screenshot({ path: resolve(docs, 'personalise.png') });
  console.log('docs/check.png and docs/personalise.png are made');
} finally {
  await browser.close();
  site.stop();
}
