// SPDX-License-Identifier: GPL-3.0-or-later
// Which language a reader gets, and how dates look in it.

const LANGUAGES = ['en', 'nl', 'de', 'fr'];
const RIGHT_TO_LEFT = new Set(['ar', 'fa', 'he', 'ur']);

/**
 * Texts, locale and direction for a reader's locale ("nl-BE").
 *
 * Texts and dates are in one language: a reader whose language is not there gets English, with the
 * hours of the day counted as at home. The direction is the reader's.
 */
export async function languageFor(locale) {
  const wanted = canonical(locale) ?? 'en';
  const own = wanted.split('-')[0].toLowerCase();
  const language = LANGUAGES.includes(own) ? own : 'en';
  const { default: texts } = await import(`./i18n/${language}.js`);
  return {
    texts, language, locale: language === own ? wanted : english(wanted),
    direction: RIGHT_TO_LEFT.has(own) ? 'rtl' : 'ltr',
  };
}

function canonical(locale) {
  try {
    return Intl.getCanonicalLocales(locale)[0];
  } catch {
    return undefined;
  }
}

function english(locale) {
  const { hourCycle } = new Intl.DateTimeFormat(locale, { hour: 'numeric' }).resolvedOptions();
  return `en-GB-u-hc-${hourCycle ?? 'h23'}`;
}
