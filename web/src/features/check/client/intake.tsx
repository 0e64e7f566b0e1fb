// Where pictures come in: dropped, pasted, chosen, or from the camera.
import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { text } from '@/i18n/language';
import { droppedFiles } from '@/shared/dropped-files';
import { view } from '@/shared/views';
import { CameraDialog } from './camera-dialog';
import { addFiles, items } from './items';

const dragging = signal(false);
const cameraOpen = signal(false);
/** Of the last drop. */
const unreadable = signal<readonly string[]>([]);
let pasted = 0;

function onPaste(event: ClipboardEvent): void {
  const files = Array.from(event.clipboardData?.files ?? []);
  if (view.value !== 'check' || files.length === 0) return;
  event.preventDefault();
  addFiles(
    files.map((file) => {
      // Browsers call every pasted picture "image.png".
      if (file.name !== 'image.png') return file;
      pasted += 1;
      return new File([file], `${text.value.check.intake.pasted(pasted)}.png`, { type: file.type });
    }),
  );
}

function onDragOver(event: DragEvent): void {
  if (view.value !== 'check' || !event.dataTransfer?.types.includes('Files')) return;
  event.preventDefault();
  event.dataTransfer.dropEffect = 'copy';
  dragging.value = true;
}

function onDragLeave(event: DragEvent): void {
  // Leaving the window has no related target; moving between its elements has.
  if (event.relatedTarget === null) dragging.value = false;
}

function onDrop(event: DragEvent): void {
  dragging.value = false;
  if (view.value !== 'check' || event.dataTransfer === null) return;
  event.preventDefault();
  void droppedFiles(event.dataTransfer).then((dropped) => {
    unreadable.value = dropped.unreadable;
    addFiles(dropped.files.map(({ file }) => file));
  });
}

/** Anywhere on the page counts as the place to drop to. */
function usePageWideIntake(): void {
  // Before the first paint: whoever sees the page can drop on it.
  useLayoutEffect(() => {
    addEventListener('paste', onPaste);
    addEventListener('dragover', onDragOver);
    addEventListener('dragleave', onDragLeave);
    addEventListener('drop', onDrop);
    return () => {
      removeEventListener('paste', onPaste);
      removeEventListener('dragover', onDragOver);
      removeEventListener('dragleave', onDragLeave);
      removeEventListener('drop', onDrop);
    };
  }, []);
}

export function Intake() {
  usePageWideIntake();
  const input = useRef<HTMLInputElement>(null);
  const t = text.value.check.intake;
  const empty = items.value.length === 0;
  return (
    <section
      class={`intake${empty ? ' intake-empty' : ''}${dragging.value ? ' intake-over' : ''}`}
      aria-label={t.label}
    >
      {empty && (
        <svg class="intake-sign" viewBox="0 0 64 64" aria-hidden="true">
          <circle cx="32" cy="32" r="25" />
          <path d="M22 27c3-7 13-10 19-5s7 11 3 17-11 8-18 5-7-11-4-17Z" class="fill" />
          <path d="M32 2v8M32 54v8M2 32h8M54 32h8" />
        </svg>
      )}
      <p class="intake-drop">{dragging.value ? t.dropNow : t.drop}</p>
      <p class="quiet">{t.or}</p>
      <div class="row">
        <button type="button" class={empty ? 'primary' : ''} onClick={() => input.current?.click()}>
          {t.pick}
        </button>
        <button type="button" onClick={() => (cameraOpen.value = true)}>
          {t.camera}
        </button>
      </div>
      <input
        ref={input}
        type="file"
        multiple
        accept="image/*"
        hidden
        data-testid="pick"
        onChange={(event) => {
          addFiles(Array.from(event.currentTarget.files ?? []));
          event.currentTarget.value = '';
        }}
      />
      <p class="quiet small intake-kinds">{t.kinds}</p>
      <div role="status">
        {unreadable.value.length > 0 && (
          <p class="message warn">
            {t.unreadable(unreadable.value.length)} {unreadable.value.slice(0, 20).join(', ')}
          </p>
        )}
      </div>
      {cameraOpen.value && <CameraDialog close={() => (cameraOpen.value = false)} />}
    </section>
  );
}
