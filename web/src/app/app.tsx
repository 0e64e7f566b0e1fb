// The page's frame: header with tabs, the view, the notice, messages.
import { text } from '@/i18n/language';
import { view, views, type View } from '@/shared/views';
import { CheckView } from '@/features/check/client/check-view';
import { Banner } from './banner';
import { LateView } from './late-view';
import { Settings } from './settings';
import { Mark } from './mark';

const loadPersonalise = () => import('@/features/personalise');
const loadModel = () => import('@/features/model');

function Tabs() {
  const t = text.value.common;
  return (
    <nav class="tabs" aria-label={t.tabsLabel}>
      {views.map((name) => (
        <a key={name} href={`#/${name}`} aria-current={view.value === name ? 'page' : undefined}>
          {t.tabs[name]}
        </a>
      ))}
    </nav>
  );
}

/** Views stay mounted once seen, so that a running check or training is not lost by looking elsewhere. */
function Views() {
  seen.add(view.value);
  const show = (name: View) => (view.value === name ? undefined : true);
  return (
    <>
      <div hidden={show('check')}>
        <CheckView />
      </div>
      {seen.has('personalise') && (
        <div hidden={show('personalise')}>
          <LateView load={loadPersonalise} />
        </div>
      )}
      {seen.has('model') && (
        <div hidden={show('model')}>
          <LateView load={loadModel} />
        </div>
      )}
    </>
  );
}
const seen = new Set<View>();

export function App() {
  const t = text.value.common;
  document.title = `${t.tabs[view.value]} – ${t.name}`;
  return (
    <>
      <a class="skip" href="#main" onClick={skipToMain}>
        {t.skip}
      </a>
      <header class="top">
        <a class="brand" href="#/check">
          <Mark />
          <span>{t.name}</span>
        </a>
        <Tabs />
        <Settings />
      </header>
      <main id="main" tabIndex={-1}>
        <Views />
      </main>
      <footer class="foot">
        <p class="quiet small">{t.private}</p>
      </footer>
      <Banner />
    </>
  );
}

// The address after "#" names the view, so that the link must not change it.
function skipToMain(event: Event) {
  event.preventDefault();
  document.getElementById('main')?.focus();
}
