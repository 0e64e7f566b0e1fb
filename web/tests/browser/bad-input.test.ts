// What is no picture, or cannot be had: a sentence that a person understands, and nothing lost.
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { resolve } from 'node:path';
import type { Browser } from 'playwright-core';
import { launch, open, serve, webRoot, type Site, type Watched } from '../support/browser';
import {
  allDone,
  answer,
  entry,
  expectClean,
  fileOf,
  hand,
  modelReady,
  type TestFile,
} from '../support/check-page';
import { jpegs, png } from '../support/pictures';

let site: Site;
let browser: Browser;
let watched: Watched;

// One visitor for all tests: the first visit fetches and compiles megabytes.
beforeAll(async () => {
  [site, browser] = await Promise.all([serve(), launch()]);
  watched = await open(browser, site.url);
  await modelReady(watched.page);
});
afterAll(async () => {
  await browser.close();
  site.stop();
});
beforeEach(() => watched.page.reload());

const whole = () => fileOf(jpegs()[0] ?? '');
const named = (name: string, bytes: Buffer, type = 'image/jpeg'): TestFile => ({ name, type, bytes });
const heic = Buffer.concat([
  Buffer.from([0, 0, 0, 24]),
  Buffer.from('ftypheic\0\0\0\0mif1heic'),
  Buffer.alloc(200),
]);

test.each([
  ['an empty file', () => named('empty.jpg', Buffer.alloc(0)), 'This file is empty'],
  ['a HEIC', () => named('phone.heic', heic, 'image/heic'), 'This is a HEIC picture'],
  ['a HEIC called JPEG', () => named('phone.jpg', heic), 'This is a HEIC picture'],
  [
    'a text file',
    () => named('notes.txt', Buffer.from('no picture at all'), 'text/plain'),
    'This file is not a picture',
  ],
  [
    'a WebP',
    () => named('web.webp', Buffer.from('RIFF\x10\0\0\0WEBPVP8 '), 'image/webp'),
    'in a format, or a rare kind',
  ],
  ['a JPEG that was cut off', () => named('half.jpg', whole().bytes.subarray(0, 4000)), 'damaged or cut off'],
  [
    'a PNG that was cut off',
    () => named('half.png', fileOf(png()).bytes.subarray(0, 9000), 'image/png'),
    'damaged or cut off',
  ],
  [
    'random bytes behind a JPEG’s mark',
    () => named('noise.jpg', Buffer.concat([Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(500, 7)])),
    'damaged or cut off',
  ],
])('%s is named as what it is', async (_, file, sentence) => {
  const { page } = watched;
  await hand(page, 'drop', [file()]);
  const { name } = file();
  await entry(page, name).locator('.entry-state.problem').waitFor();
  await entry(page, name).click();
  expect(await page.getByRole('article', { name }).getByRole('alert').textContent()).toContain(sentence);
});

test('a JPEG in four colours of ink is called a rare kind', async () => {
  const { page } = watched;
  await hand(page, 'drop', [fileOf(resolve(webRoot, '../tests/image/fixtures/cmyk.jpg'))]);
  await entry(page, 'cmyk.jpg').locator('.entry-state.problem').waitFor();
  expect(await entry(page, 'cmyk.jpg').textContent()).toContain('in a format, or a rare kind');
});

test('a PNG of 8 x 8 pixels is called too small, one of a giant size too large', async () => {
  const { page } = watched;
  const draw = (side: number) =>
    page.evaluate(async (pixels) => {
      const canvas = new OffscreenCanvas(pixels, pixels);
      canvas.getContext('2d')?.fillRect(0, 0, pixels, pixels);
      const blob = await canvas.convertToBlob({ type: 'image/png' });
      return Array.from(new Uint8Array(await blob.arrayBuffer()));
    }, side);
  const small = Buffer.from(await draw(8));
  const giant = Buffer.from(await draw(32));
  // 60,000 x 60,000 in the header, its check sum made right.
  giant.writeUInt32BE(60_000, 16);
  giant.writeUInt32BE(60_000, 20);
  giant.writeUInt32BE(crc(giant.subarray(12, 29)), 29);
  await hand(page, 'drop', [named('tiny.png', small, 'image/png'), named('giant.png', giant, 'image/png')]);
  await allDone(page);
  expect(await entry(page, 'tiny.png').textContent()).toContain('too small');
  expect(await entry(page, 'giant.png').textContent()).toContain('too large');
});

function crc(bytes: Buffer): number {
  let value = 0xffffffff;
  for (const byte of bytes) {
    value ^= byte;
    for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  }
  return (value ^ 0xffffffff) >>> 0;
}

test('of 100 pictures with 3 broken ones 97 are answered and 3 are named', async () => {
  const { page } = watched;
  await modelReady(page);
  const paths = jpegs();
  const files = Array.from({ length: 100 }, (_, i) => ({
    ...fileOf(paths[i % paths.length] ?? ''),
    name: `picture-${String(i).padStart(3, '0')}.jpg`,
  }));
  files[10] = named('picture-010.jpg', Buffer.alloc(0));
  files[50] = named('picture-050.jpg', Buffer.from('this was a text'));
  files[99] = named('picture-099.jpg', whole().bytes.subarray(0, 3000));
  await hand(page, 'drop', files);
  await allDone(page);
  expect(await page.locator('.list-head h2').textContent()).toBe('100 pictures');
  expect(await page.locator('.list-head .problem-text').textContent()).toContain('3 could not be checked');
  expect(await page.locator('.entry-state.done, .entry-state.warn').count()).toBe(97);
  expect(
    await page
      .locator('.entry', { has: page.locator('.entry-state.problem') })
      .locator('.entry-name')
      .allTextContents(),
  ).toEqual(['picture-010.jpg', 'picture-050.jpg', 'picture-099.jpg']);
  const said = page.locator('[data-testid=check-status]');
  await expect.poll(() => said.textContent()).toMatch(/^100 pictures\. picture-000\.jpg: \S/);
  await answer(page, 'picture-098.jpg');
  expectClean(watched);
});
