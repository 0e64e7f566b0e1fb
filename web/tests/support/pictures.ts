// Made-up pictures for the tests: "dermdistill synth" draws them, Chromium makes them 600 x 450. Made once.
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { chromiumPath, launch, nativeBinary, runNative, webRoot } from './browser';

export const pictureFolder = resolve(webRoot, 'node_modules/.cache/test-pictures');
const count = 24;

/** Paths of the JPEG files of 600 x 450 pixels. */
export function jpegs(): string[] {
  return readdirSync(pictureFolder)
    .filter((name) => name.endsWith('.jpg'))
    .sort()
    .map((name) => join(pictureFolder, name));
}

export const png = () => join(pictureFolder, 'lesion.png');

/** Draws a square picture as the middle of one of 600 x 450 pixels. */
async function resize(sources: string[]): Promise<void> {
  const browser = await launch();
  try {
    const page = await browser.newPage();
    for (const [place, source] of sources.entries()) {
      const kinds = place === 0 ? ['image/jpeg', 'image/png'] : ['image/jpeg'];
      for (const kind of kinds) {
        const drawn = await page.evaluate(
          async ([base64, type]) => {
            const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
            const picture = await createImageBitmap(new Blob([bytes]));
            const canvas = new OffscreenCanvas(600, 450);
            canvas
              .getContext('2d')
              ?.drawImage(
                picture,
                0,
                picture.height / 8,
                picture.width,
                picture.height * 0.75,
                0,
                0,
                600,
                450,
              );
            const blob = await canvas.convertToBlob({ type, quality: 0.92 });
            return btoa(
              Array.from(new Uint8Array(await blob.arrayBuffer()), (b) => String.fromCharCode(b)).join(''),
            );
          },
          [readFileSync(source).toString('base64'), kind] as const,
        );
        const name = kind === 'image/png' ? 'lesion.png' : `lesion-${String(place).padStart(2, '0')}.jpg`;
        writeFileSync(join(pictureFolder, name), Buffer.from(drawn, 'base64'));
      }
    }
  } finally {
    await browser.close();
  }
}

export default async function setup(): Promise<void> {
  const done = join(pictureFolder, 'done');
  const binary = nativeBinary();
  if (existsSync(done) || binary === null || chromiumPath() === null) return;
  rmSync(pictureFolder, { recursive: true, force: true });
  mkdirSync(pictureFolder, { recursive: true });
  const drawn = join(pictureFolder, 'synth');
  runNative(binary, ['synth', '--out', drawn, '--images', '40', '--size', '320', '--seed', '7']);
  const folder = join(drawn, 'ISIC_2019_Training_Input');
  const sources = readdirSync(folder)
    .filter((name) => name.endsWith('.jpg'))
    .sort()
    .slice(0, count)
    .map((name) => join(folder, name));
  await resize(sources);
  rmSync(drawn, { recursive: true });
  writeFileSync(done, '');
}
