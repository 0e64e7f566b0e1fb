// The views of the page; the address holds which one after its "#".
import { signal } from '@preact/signals';

export const views = ['check', 'personalise', 'model'] as const;
export type View = (typeof views)[number];

function fromAddress(): View {
  const name = location.hash.replace(/^#\/?/, '');
  return views.find((view) => view === name) ?? 'check';
}

export const view = signal<View>(fromAddress());
addEventListener('hashchange', () => (view.value = fromAddress()));
