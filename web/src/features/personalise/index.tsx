import { text } from '@/i18n/language';

export default function PersonaliseView() {
  return <h1>{text.value.personalise.title}</h1>;
}
