export { PersonaliseView as default } from './client/personalise-view';
