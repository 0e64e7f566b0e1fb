// The view "Check": pictures come in, one is looked at, two are compared.
import { useEffect } from 'preact/hooks';
import { ModelStrip } from '@/app/model-strip';
import { text } from '@/i18n/language';
import { modelState, openShippedModel } from '@/worker/client';
import './check.css';
import './result.css';
import './dialogs.css';
import './report.css';
import { CropDialog } from './crop-dialog';
import { reportOpen } from './export-menu';
import { Intake } from './intake';
import { ItemList } from './item-list';
import {
  augment,
  compared,
  comparedId,
  counts,
  cropFirst,
  cropping,
  items,
  retryModel,
  selected,
} from './items';
import { ReportView } from './report-view';
import { ResultView } from './result-view';

/** Whether there is more to see than the model looks at by itself. */
function canLookMore(): boolean {
  const model = modelState.value;
  return model.step === 'ready' && model.info.card.orientations < 8;
}

function Options() {
  const t = text.value.check.options;
  return (
    <fieldset class="options">
      <legend class="visually-hidden">{t.label}</legend>
      <label class="choice">
        <input
          type="checkbox"
          checked={cropFirst.value}
          onChange={(event) => (cropFirst.value = event.currentTarget.checked)}
        />
        {t.cropFirst}
      </label>
      {canLookMore() && (
        <>
          <label class="choice" title={t.augmentHelp}>
            <input
              type="checkbox"
              checked={augment.value}
              aria-describedby="augment-help"
              onChange={(event) => (augment.value = event.currentTarget.checked)}
            />
            {t.augment}
          </label>
          <p id="augment-help" class="quiet small">
            {t.augmentHelp}
          </p>
        </>
      )}
    </fieldset>
  );
}

function CompareChoice() {
  const t = text.value.check.result;
  const others = items.value.filter((item) => item !== selected.value && item.state.value.step === 'done');
  if (others.length === 0) return null;
  return (
    <label class="compare-choice">
      <span>{t.compare}</span>
      <select
        value={comparedId.value ?? ''}
        onChange={(event) => (comparedId.value = event.currentTarget.value || null)}
      >
        <option value="">{t.compareNone}</option>
        {others.map(({ id, name }) => (
          <option key={id} value={id}>
            {name}
          </option>
        ))}
      </select>
    </label>
  );
}

function Desk() {
  const one = selected.value;
  const two = compared.value === one ? null : compared.value;
  return (
    <div class="desk" aria-busy={counts.value.busy > 0}>
      <ItemList />
      <div class="desk-main">
        <CompareChoice />
        <div class={two ? 'results two' : 'results'}>
          {one && <ResultView key={one.id} item={one} />}
          {two && <ResultView key={two.id} item={two} />}
        </div>
      </div>
    </div>
  );
}

export function CheckView() {
  // The model starts on its way once the page is drawn.
  useEffect(() => {
    const timer = setTimeout(() => void openShippedModel(), 0);
    return () => clearTimeout(timer);
  }, []);
  const t = text.value.check;
  if (reportOpen.value) return <ReportView />;
  const empty = items.value.length === 0;
  return (
    <div class="check">
      <div class={empty ? 'check-head' : 'visually-hidden'}>
        <h1>{t.title}</h1>
        <p class="lead">{t.lead}</p>
      </div>
      <p role="note" aria-label={t.noticeLabel} class="notice">
        {t.notice}
      </p>
      <ModelStrip retry={retryModel} />
      <div class={empty ? 'start' : 'start compact'}>
        <Intake />
        <Options />
      </div>
      {!empty && <Desk />}
      {cropping.value && <CropDialog key={cropping.value.id} item={cropping.value} />}
    </div>
  );
}
