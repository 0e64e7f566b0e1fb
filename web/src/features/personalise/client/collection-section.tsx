// Where labelled pictures come in: folders, a table, or right on a kind.
import { signal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { text } from '@/i18n/language';
import { view } from '@/shared/views';
import { Bucket, NewBucket } from './bucket';
import { addDropped, addFiles, classes, images, reading, removeAllImages } from './collection';
import { chosenPathFiles } from './chosen-files';
import { Notices } from './notices';
import { ReadinessNote } from './readiness-note';
import { busy } from './training-run';

const dragging = signal(false);

/** A drop beside the kinds counts too: its folders or its table say what is what. */
function usePageWideDrop(): void {
  useLayoutEffect(() => {
    const here = (event: DragEvent) =>
      view.value === 'personalise' && event.dataTransfer?.types.includes('Files') === true;
    const over = (event: DragEvent) => {
      if (!here(event) || event.dataTransfer === null) return;
      event.preventDefault();
      event.dataTransfer.dropEffect = 'copy';
      dragging.value = true;
    };
    const leave = (event: DragEvent) => {
      if (event.relatedTarget === null) dragging.value = false;
    };
    const drop = (event: DragEvent) => {
      dragging.value = false;
      if (!here(event) || event.defaultPrevented || event.dataTransfer === null) return;
      event.preventDefault();
      void addDropped(event.dataTransfer, null);
    };
    addEventListener('dragover', over);
    addEventListener('dragleave', leave);
    addEventListener('drop', drop);
    return () => {
      removeEventListener('dragover', over);
      removeEventListener('dragleave', leave);
      removeEventListener('drop', drop);
    };
  }, []);
}

export function Collection() {
  usePageWideDrop();
  const t = text.value.personalise;
  const folder = useRef<HTMLInputElement>(null);
  const table = useRef<HTMLInputElement>(null);
  const take = (input: HTMLInputElement) => {
    void addFiles(chosenPathFiles(input.files), null);
    input.value = '';
  };
  return (
    <div class={`collection${dragging.value ? ' collection-over' : ''}`}>
      <p class="quiet">{t.intake.help}</p>
      <div class="row">
        <button type="button" onClick={() => folder.current?.click()}>
          {t.intake.folder}
        </button>
        <button type="button" aria-describedby="table-help" onClick={() => table.current?.click()}>
          {t.intake.table}
        </button>
        {images.value.length > 0 && (
          <button type="button" class="plain danger" disabled={busy()} onClick={removeAllImages}>
            {t.intake.removeAll}
          </button>
        )}
      </div>
      <p class="quiet small" id="table-help">
        {t.intake.tableHelp}
      </p>
      <input
        ref={folder}
        type="file"
        hidden
        multiple
        data-testid="pick-folder"
        {...{ webkitdirectory: true }}
        onChange={(event) => take(event.currentTarget)}
      />
      <input
        ref={table}
        type="file"
        hidden
        multiple
        data-testid="pick-table"
        accept="image/jpeg,image/png,.csv,.tsv,text/csv"
        onChange={(event) => take(event.currentTarget)}
      />
      <ul class="buckets">
        {classes.value.map((one) => (
          <Bucket key={one.code} of={one} />
        ))}
        <NewBucket />
      </ul>
      <p class="visually-hidden" role="status">
        {reading.value > 0 ? t.intake.reading(reading.value) : ''}
      </p>
      <Notices />
      <ReadinessNote />
    </div>
  );
}
