// Small choices that outlive a visit. A browser that keeps nothing (private windows, blocked storage) is no error.

type Preference = 'language' | 'theme' | 'isolation';

export function remembered(preference: Preference): string | null {
  try {
    return localStorage.getItem(`dermdistill.${preference}`);
  } catch {
    return null;
  }
}

export function remember(preference: Preference, value: string): void {
  try {
    localStorage.setItem(`dermdistill.${preference}`, value);
  } catch {
    // The choice then lasts as long as the page.
  }
}
