// One kind of lesion with its pictures, and the place for a new kind.
import { signal } from '@preact/signals';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { className } from '@/i18n/class-name';
import { text } from '@/i18n/language';
import type { LabelClass } from '../shared/classes';
import type { LabelledImage } from '../shared/training-set';
import {
  addClass,
  addDropped,
  addFiles,
  classes,
  failures,
  images,
  moveImage,
  removeClass,
  removeImage,
} from './collection';
import { chosenPathFiles } from './chosen-files';

/** So many pictures of a kind are shown at first. */
const shown = 5;

const over = signal<string | null>(null);

/** An address for <img> that lives as long as the element. */
function useAddress(file: File | null): string | undefined {
  const url = useMemo(() => (file === null ? undefined : URL.createObjectURL(file)), [file]);
  useEffect(() => () => (url === undefined ? undefined : URL.revokeObjectURL(url)), [url]);
  return url;
}

function Thumbnail({ image }: { image: LabelledImage }) {
  const url = useAddress(image.file);
  const [broken, setBroken] = useState(false);
  if (url === undefined || broken || failures.value.has(image.id)) {
    return (
      <span
        class={`thumb thumb-none${failures.value.has(image.id) ? ' thumb-failed' : ''}`}
        title={image.name}
      >
        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
          <path d="M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4" />
        </svg>
      </span>
    );
  }
  return (
    <img
      class="thumb"
      src={url}
      alt=""
      title={image.name}
      loading="lazy"
      decoding="async"
      onError={() => setBroken(true)}
    />
  );
}

function PictureList({ mine, name }: { mine: readonly LabelledImage[]; name: string }) {
  const t = text.value.personalise.bucket;
  return (
    <ul class="bucket-list" aria-label={name} tabIndex={0}>
      {mine.map((image) => (
        <li key={image.id}>
          <Thumbnail image={image} />
          <span class="bucket-file" title={image.file === null ? t.kept : undefined}>
            {image.name}
          </span>
          <select
            aria-label={t.move(image.name)}
            value={image.label}
            onChange={(event) => moveImage(image.id, event.currentTarget.value)}
          >
            {classes.value.map((one) => (
              <option key={one.code} value={one.code}>
                {className(one.code, one.name)}
              </option>
            ))}
          </select>
          <button
            type="button"
            class="plain small"
            aria-label={t.remove(image.name)}
            onClick={() => removeImage(image.id)}
          >
            <Cross />
          </button>
        </li>
      ))}
    </ul>
  );
}

export function Cross() {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">
      <path d="M6 6l12 12M18 6L6 18" />
    </svg>
  );
}

export function Bucket({ of }: { of: LabelClass }) {
  const t = text.value.personalise;
  const input = useRef<HTMLInputElement>(null);
  const [open, setOpen] = useState(false);
  const mine = images.value.filter(({ label }) => label === of.code);
  const name = className(of.code, of.name);
  return (
    <li
      class={`bucket${over.value === of.code ? ' bucket-over' : ''}${mine.length > 0 ? ' bucket-full' : ''}${open ? ' bucket-open' : ''}`}
      data-testid={`bucket-${of.code}`}
      onDragOver={(event) => {
        event.preventDefault();
        over.value = of.code;
      }}
      onDragLeave={() => (over.value = null)}
      onDrop={(event) => {
        event.preventDefault();
        over.value = null;
        if (event.dataTransfer) void addDropped(event.dataTransfer, of.code);
      }}
    >
      <div class="bucket-head">
        <h3>{name}</h3>
        {!of.shipped && <span class="tag">{t.bucket.isNew}</span>}
        <span class="bucket-count number" aria-label={t.bucket.count(name, mine.length)} role="img">
          {mine.length}
        </span>
      </div>
      {mine.length > 0 && !open && (
        <div class="thumbs" aria-hidden="true">
          {mine.slice(0, shown).map((image) => (
            <Thumbnail key={image.id} image={image} />
          ))}
          {mine.length > shown && (
            <span class="thumb thumb-more number">{t.bucket.more(mine.length - shown)}</span>
          )}
        </div>
      )}
      {open && mine.length > 0 && <PictureList mine={mine} name={name} />}
      <div class="bucket-actions">
        <button
          type="button"
          class="small"
          aria-label={t.bucket.addTo(name)}
          onClick={() => input.current?.click()}
        >
          {t.bucket.add}
        </button>
        {mine.length > 0 && (
          <button
            type="button"
            class="plain small"
            aria-expanded={open}
            aria-label={t.bucket.showAllOf(name)}
            onClick={() => setOpen(!open)}
          >
            {t.bucket.showAll}
          </button>
        )}
        {!of.shipped && (
          <button
            type="button"
            class="plain small bucket-remove"
            aria-label={t.bucket.removeClass(name)}
            onClick={() => removeClass(of.code)}
          >
            <Cross />
          </button>
        )}
      </div>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept="image/*"
        data-testid={`pick-${of.code}`}
        onChange={(event) => {
          void addFiles(chosenPathFiles(event.currentTarget.files), of.code);
          event.currentTarget.value = '';
        }}
      />
    </li>
  );
}

export function NewBucket() {
  const t = text.value.personalise.bucket;
  const [name, setName] = useState('');
  return (
    <li class="bucket bucket-new">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (name.trim() !== '') addClass(name);
          setName('');
        }}
      >
        <h3>{t.newTitle}</h3>
        <p class="quiet small">{t.newHelp}</p>
        <label class="visually-hidden" for="new-kind">
          {t.newName}
        </label>
        <input
          id="new-kind"
          type="text"
          maxLength={60}
          placeholder={t.newName}
          value={name}
          onInput={(event) => setName(event.currentTarget.value)}
        />
        <button type="submit" class="small" disabled={name.trim() === ''}>
          {t.newAdd}
        </button>
      </form>
    </li>
  );
}
