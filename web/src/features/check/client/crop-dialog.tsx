// The frame around the part of a picture that is checked; by pointer, by keys and by numbers.
import { useRef, useState } from 'preact/hooks';
import type { Rectangle } from '@core';
import { Dialog } from '@/app/dialog';
import { text } from '@/i18n/language';
import {
  corners,
  fit,
  isWhole,
  leastSide,
  middleSquare,
  moved,
  stretched,
  type Corner,
  type Size,
} from '../shared/frame';
import { croppingId, finishCrop, type Item } from './items';

const share = (part: number, whole: number) => `${(100 * part) / whole}%`;

const placed = (frame: Rectangle, size: Size) => ({
  left: share(frame.left, size.width),
  top: share(frame.top, size.height),
  width: share(frame.width, size.width),
  height: share(frame.height, size.height),
});

/** What is left out is darkened; apart from the frame, whose corners reach over the picture's border. */
function Shade({ frame, size }: { frame: Rectangle; size: Size }) {
  return (
    <div class="crop-shade">
      <div style={placed(frame, size)} />
    </div>
  );
}

function Frame({
  frame,
  size,
  change,
}: {
  frame: Rectangle;
  size: Size;
  change: (frame: Rectangle) => void;
}) {
  const drag = useRef<{ x: number; y: number; from: Rectangle; corner: Corner | null; scale: number } | null>(
    null,
  );
  const t = text.value.check.crop;

  const begin = (event: PointerEvent, corner: Corner | null) => {
    const place = (event.currentTarget as HTMLElement).closest('.crop-place');
    if (place === null) return;
    event.preventDefault();
    event.stopPropagation();
    (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
    const scale = size.width / place.getBoundingClientRect().width;
    drag.current = { x: event.clientX, y: event.clientY, from: frame, corner, scale };
  };
  const move = (event: PointerEvent) => {
    if (drag.current === null) return;
    const { x, y, from, corner, scale } = drag.current;
    const dx = (event.clientX - x) * scale;
    const dy = (event.clientY - y) * scale;
    change(corner === null ? moved(from, dx, dy, size) : stretched(from, corner, dx, dy, size));
  };
  const end = () => (drag.current = null);

  const key = (event: KeyboardEvent) => {
    const direction = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[
      event.key
    ];
    if (direction === undefined) return;
    event.preventDefault();
    const step = Math.max(1, Math.round(Math.min(size.width, size.height) / 50));
    const [dx = 0, dy = 0] = direction.map((part) => part * step);
    change(event.shiftKey ? stretched(frame, 'se', dx, dy, size) : moved(frame, dx, dy, size));
  };

  return (
    <div
      class="crop-frame"
      role="group"
      tabIndex={0}
      aria-label={t.frame}
      style={placed(frame, size)}
      onPointerDown={(event) => begin(event, null)}
      onPointerMove={move}
      onPointerUp={end}
      onPointerCancel={end}
      onKeyDown={key}
    >
      {corners.map((corner) => (
        <span
          key={corner}
          class={`crop-corner ${corner}`}
          onPointerDown={(event) => begin(event, corner)}
          onPointerMove={move}
          onPointerUp={end}
        />
      ))}
    </div>
  );
}

function Numbers({
  frame,
  size,
  change,
}: {
  frame: Rectangle;
  size: Size;
  change: (frame: Rectangle) => void;
}) {
  const t = text.value.check.crop;
  const limits = { left: size.width, top: size.height, width: size.width, height: size.height };
  return (
    <div class="crop-numbers">
      {(['left', 'top', 'width', 'height'] as const).map((side) => (
        <label key={side}>
          <span class="small quiet">{t[side]}</span>
          <input
            type="number"
            min={side === 'left' || side === 'top' ? 0 : leastSide}
            max={limits[side]}
            value={frame[side]}
            onChange={(event) =>
              change(fit({ ...frame, [side]: event.currentTarget.valueAsNumber || 0 }, size))
            }
          />
        </label>
      ))}
    </div>
  );
}

export function CropDialog({ item }: { item: Item }) {
  const [size, setSize] = useState<Size | null>(null);
  const [frame, setFrame] = useState<Rectangle | null>(item.crop);
  const t = text.value.check.crop;
  const close = () => (croppingId.value = null);
  const whole = () => finishCrop(item, null);

  return (
    <Dialog title={t.title} close={close} wide>
      <p class="quiet small">{t.help}</p>
      <div class="crop-place">
        <img
          src={item.url}
          alt={t.picture(item.name)}
          draggable={false}
          onLoad={(event) => {
            const loaded = {
              width: event.currentTarget.naturalWidth,
              height: event.currentTarget.naturalHeight,
            };
            setSize(loaded);
            setFrame((before) => (before === null ? middleSquare(loaded) : fit(before, loaded)));
          }}
          // What is no picture is said by the check itself, in its own words.
          onError={whole}
        />
        {size && frame && <Shade frame={frame} size={size} />}
        {size && frame && <Frame frame={frame} size={size} change={setFrame} />}
      </div>
      {size && frame && <Numbers frame={frame} size={size} change={setFrame} />}
      <div class="row end">
        <button type="button" onClick={close}>
          {t.cancel}
        </button>
        <button type="button" onClick={whole}>
          {t.whole}
        </button>
        <button
          type="button"
          class="primary"
          disabled={frame === null}
          onClick={() => finishCrop(item, frame && size && !isWhole(frame, size) ? frame : null)}
        >
          {t.apply}
        </button>
      </div>
    </Dialog>
  );
}
