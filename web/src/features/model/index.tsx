export { ModelView as default } from './model-view';
