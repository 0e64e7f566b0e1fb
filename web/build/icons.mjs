// Draws the PNG icons from the SVG ones, with Chromium; run it again when those change: node build/icons.mjs
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { chromium } from 'playwright-core';

const folder = resolve(import.meta.dirname, '../public/icons');
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', '--disable-sync'],
});
for (const [svg, png, side] of [
  [resolve(folder, 'icon.svg'), 'icon-192.png', 192],
  [resolve(folder, 'icon.svg'), 'icon-512.png', 512],
  [resolve(import.meta.dirname, 'icon-maskable.svg'), 'icon-maskable-512.png', 512],
]) {
  const page = await browser.newPage({ viewport: { width: side, height: side } });
  const drawing = readFileSync(svg, 'utf8').replace('<svg ', `<svg width="${side}" height="${side}" `);
  await page.setContent(`<body style="margin:0">${drawing}</body>`);
  await page.locator('svg').screenshot({ path: resolve(folder, png), omitBackground: true });
  await page.close();
}
await browser.close();
