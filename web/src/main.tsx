import { render } from 'preact';
import './style/tokens.css';
import './style/base.css';
import './style/app.css';
import { App } from './app/app';
import { keepForOffline } from './app/offline';

const place = document.getElementById('app');
if (place) render(<App />, place);

// After the first paint: nothing of this is needed to see the page.
requestAnimationFrame(() => setTimeout(() => void keepForOffline(), 0));
