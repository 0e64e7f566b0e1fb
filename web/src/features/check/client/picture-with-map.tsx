// The picture, and over it the map of one class.
import { useEffect, useRef } from 'preact/hooks';
import { text } from '@/i18n/language';
import { mapPixels, mapPlace } from '../shared/map-colours';
import type { CheckResult, Maps } from '../shared/result';
import { nameOf } from './summary';

const share = (part: number) => `${100 * part}%`;

function draw(canvas: HTMLCanvasElement, maps: Maps, index: number): void {
  const small = new OffscreenCanvas(maps.width, maps.height);
  small.getContext('2d')?.putImageData(new ImageData(mapPixels(maps, index), maps.width, maps.height), 0, 0);
  const context = canvas.getContext('2d');
  if (context === null) return;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(small, 0, 0, canvas.width, canvas.height);
}

/** `index` of the class; null: no map. */
export function PictureWithMap({
  url,
  name,
  result,
  index,
  opacity,
}: {
  url: string;
  name: string;
  result: CheckResult | null;
  index: number | null;
  opacity: number;
}) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const maps = result?.maps ?? null;
  useEffect(() => {
    if (canvas.current && maps && index !== null) draw(canvas.current, maps, index);
  }, [maps, index]);

  const place = result && mapPlace(result);
  const shown = result && index !== null ? nameOf(result, index) : null;
  return (
    <div class="picture">
      <img src={url} alt={text.value.check.crop.picture(name)} decoding="async" />
      {place && result.crop && (
        <div
          class="picture-crop"
          style={{
            left: share(place.left),
            top: share(place.top),
            width: share(place.width),
            height: share(place.height),
          }}
        />
      )}
      {place && shown !== null && (
        <canvas
          ref={canvas}
          width={256}
          height={256}
          role="img"
          aria-label={text.value.check.result.mapAlt(shown)}
          style={{
            left: share(place.left),
            top: share(place.top),
            width: share(place.width),
            height: share(place.height),
            opacity,
          }}
        />
      )}
    </div>
  );
}
