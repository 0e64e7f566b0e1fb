// How the head is trained; nobody has to open this.
import { decimal, text } from '@/i18n/language';
import { type Settings, defaults, settings } from './training-settings';

type NumberSetting = Exclude<keyof Settings, 'views'>;

interface Range {
  min: number;
  max: number;
  step: number;
  whole: boolean;
}

const ranges: Record<NumberSetting, Range> = {
  epochs: { min: 1, max: 1000, step: 1, whole: true },
  learningRate: { min: 0.00001, max: 0.1, step: 0.00001, whole: false },
  pull: { min: 0, max: 10, step: 0.001, whole: false },
  replay: { min: 0, max: 4, step: 0.1, whole: false },
  heldOut: { min: 0.05, max: 0.5, step: 0.01, whole: false },
  seed: { min: 0, max: 1_000_000, step: 1, whole: true },
};

function NumberField({ name }: { name: NumberSetting }) {
  const t = text.value.personalise.settings;
  const { min, max, step, whole } = ranges[name];
  const value = settings.value[name];
  return (
    <div class="field">
      <label for={`setting-${name}`}>{t[name]}</label>
      <input
        id={`setting-${name}`}
        type="number"
        min={min}
        max={max}
        step={whole ? step : 'any'}
        value={value}
        aria-describedby={`setting-${name}-help`}
        onChange={(event) => {
          const typed = event.currentTarget.valueAsNumber;
          // What is no number in the range becomes the nearest that is one, and the field shows it.
          const kept = Number.isFinite(typed)
            ? Math.min(max, Math.max(min, whole ? Math.round(typed) : typed))
            : value;
          settings.value = { ...settings.value, [name]: kept };
          event.currentTarget.value = String(kept);
        }}
      />
      <p class="quiet small" id={`setting-${name}-help`}>
        {t[`${name}Help`]}{' '}
        {t.outOfRange(
          decimal(min, min > 0 && min < 0.01 ? 5 : min < 1 && min > 0 ? 2 : 0),
          decimal(max, max < 1 ? 1 : 0),
        )}
      </p>
    </div>
  );
}

export function SettingsFields({ disabled }: { disabled: boolean }) {
  const t = text.value.personalise.settings;
  return (
    <details class="settings-fields">
      <summary>{t.title}</summary>
      <fieldset disabled={disabled} class="field-grid">
        <legend class="visually-hidden">{t.title}</legend>
        {(Object.keys(ranges) as NumberSetting[]).map((name) => (
          <NumberField key={name} name={name} />
        ))}
        <div class="field">
          <label for="setting-views">{t.views}</label>
          <select
            id="setting-views"
            value={settings.value.views}
            aria-describedby="setting-views-help"
            onChange={(event) => {
              const views = Number(event.currentTarget.value);
              settings.value = { ...settings.value, views: views === 1 || views === 4 ? views : 8 };
            }}
          >
            {([1, 4, 8] as const).map((views) => (
              <option key={views} value={views}>
                {t.view[views]}
              </option>
            ))}
          </select>
          <p class="quiet small" id="setting-views-help">
            {t.viewsHelp}
          </p>
        </div>
        <div class="field field-reset">
          <button type="button" class="small" onClick={() => (settings.value = defaults)}>
            {t.reset}
          </button>
        </div>
      </fieldset>
    </details>
  );
}
