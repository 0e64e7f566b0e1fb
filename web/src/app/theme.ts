import { effect, signal } from '@preact/signals';
import { remember, remembered } from '@/shared/preferences';

export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

export const theme = signal<Theme>(themes.find((name) => name === remembered('theme')) ?? 'system');

effect(() => {
  document.documentElement.dataset['theme'] = theme.value;
  remember('theme', theme.value);
});
