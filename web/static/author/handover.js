// What another page hands over to the studio: a scenario file, kept in the
// browser until the studio is opened.

const KEY = 'eddy.author.import';

/** Opens the studio with a file. @param {string} yaml @param {Window} [where] */
export function openInStudio(yaml, where = window) {
  localStorage.setItem(KEY, yaml);
  where.location.assign('/author');
}

/** What was handed over, once. @returns {string} */
export function handedOver() {
  const yaml = localStorage.getItem(KEY) ?? '';
  localStorage.removeItem(KEY);
  return yaml;
}
