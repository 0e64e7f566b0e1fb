import { render } from 'preact';
import './style/tokens.css';
import './style/base.css';
import './style/app.css';
import { App } from './app/app';
import { keepForOffline } from './app/offline';
import { stayOnPage } from './app/stray-drops';
import { modelState } from './worker/client';

stayOnPage();
const place = document.getElementById('app');
if (place) render(<App />, place);

// Once the model is open or has failed: before that, keeping the site would only take time from it.
const stop = modelState.subscribe(({ step }) => {
  if (step !== 'ready' && step !== 'failed') return;
  void keepForOffline();
  stop();
});
