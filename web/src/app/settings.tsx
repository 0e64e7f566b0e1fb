// Language, appearance, and the switch for threads.
import { language, languages, text, type Language } from '@/i18n/language';
import { isolation, setIsolation } from './isolation';
import { theme, themes, type Theme } from './theme';

export function Settings() {
  const t = text.value.common;
  return (
    <div class="settings">
      <label class="visually-hidden" for="language">
        {t.language}
      </label>
      <select
        id="language"
        value={language.value}
        onChange={(event) => (language.value = event.currentTarget.value as Language)}
      >
        {Object.entries(languages).map(([code, name]) => (
          <option key={code} value={code} lang={code}>
            {name}
          </option>
        ))}
      </select>
      <details class="menu">
        <summary aria-label={t.settings}>
          <svg viewBox="0 0 24 24" aria-hidden="true" class="icon">
            <path d="M4 7h9m5 0h2M4 17h2m5 0h9M13 7a2.5 2.5 0 1 0 5 0 2.5 2.5 0 0 0-5 0ZM6 17a2.5 2.5 0 1 0 5 0 2.5 2.5 0 0 0-5 0Z" />
          </svg>
        </summary>
        <div class="menu-body">
          <fieldset>
            <legend>{t.theme}</legend>
            {themes.map((name) => (
              <label key={name} class="choice">
                <input
                  type="radio"
                  name="theme"
                  value={name}
                  checked={theme.value === name}
                  onChange={() => (theme.value = name satisfies Theme)}
                />
                {t.themes[name]}
              </label>
            ))}
          </fieldset>
          <label class="choice">
            <input
              type="checkbox"
              checked={isolation.value !== 'off'}
              disabled={isolation.value === 'by-host'}
              onChange={(event) => void setIsolation(event.currentTarget.checked)}
            />
            {t.isolation}
          </label>
          <p class="quiet small">{isolation.value === 'by-host' ? t.isolationByHost : t.isolationHelp}</p>
        </div>
      </details>
    </div>
  );
}
