import { text } from '@/i18n/language';

export default function ModelView() {
  return <h1>{text.value.model.title}</h1>;
}
