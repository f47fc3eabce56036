// The theme is set before the first paint, so that no page flashes. The
// choice is kept on this machine; "system" keeps nothing.
(() => {
  const root = document.documentElement;
  const read = () => { try { return localStorage.getItem('eddy.theme') || 'system'; } catch { return 'system'; } };
  const apply = (/** @type {string} */ theme) => {
    if (theme === 'light' || theme === 'dark') root.dataset.theme = theme;
    else delete root.dataset.theme;
  };
  apply(read());
  document.addEventListener('DOMContentLoaded', () => {
    const select = /** @type {HTMLSelectElement | null} */ (document.getElementById('theme'));
    if (!select) return;
    select.value = read();
    select.addEventListener('change', () => {
      apply(select.value);
      try {
        if (select.value === 'system') localStorage.removeItem('eddy.theme');
        else localStorage.setItem('eddy.theme', select.value);
      } catch { /* a browser that keeps nothing still shows the theme */ }
    });
  });
})();
