import { text } from '@/i18n/language';

export function CheckView() {
  return <h1>{text.value.check.title}</h1>;
}
