// Which language the page speaks: the person's choice, else the browser's.
import { computed, effect, signal } from '@preact/signals';
import { remembered, remember } from '@/shared/preferences';
import { en } from './en/index';
import { ja } from './ja/index';
import type { Messages } from './messages';

export const languages = { en: 'English', ja: '日本語' } as const;
export type Language = keyof typeof languages;

const dictionaries: Record<Language, Messages> = { en, ja };

function initial(): Language {
  const stored = remembered('language');
  if (stored === 'en' || stored === 'ja') return stored;
  return navigator.language.toLowerCase().startsWith('ja') ? 'ja' : 'en';
}

export const language = signal<Language>(initial());

/** All texts in the present language; a component that reads `text.value` is drawn again when it changes. */
export const text = computed<Messages>(() => dictionaries[language.value]);

effect(() => {
  document.documentElement.lang = language.value;
  remember('language', language.value);
});

const percentFormats = new Map<string, Intl.NumberFormat>();

/** 0.123 -> "12.3 %" in the present language's form. */
export function percent(share: number, digits = 1): string {
  const key = `${language.value}/${digits}`;
  let format = percentFormats.get(key);
  if (format === undefined) {
    format = new Intl.NumberFormat(language.value, {
      style: 'percent',
      minimumFractionDigits: digits,
      maximumFractionDigits: digits,
    });
    percentFormats.set(key, format);
  }
  return format.format(share);
}

export function decimal(value: number, digits = 2): string {
  return value.toLocaleString(language.value, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}
