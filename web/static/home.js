// Order A travels once when it is asked to.
const figure = document.getElementById('journey');
document.getElementById('travel')?.addEventListener('click', () => {
  if (!figure) return;
  figure.classList.remove('go-once');
  void figure.offsetWidth; // the browser must see the class go before it comes back
  figure.classList.add('go-once');
});

// A run that was saved: its file is the body, and the answer names its page.
const open = document.getElementById('open-run');
const file = open?.querySelector('input');
file?.addEventListener('change', async () => {
  const said = /** @type {HTMLElement} */ (open?.querySelector('.refused'));
  if (!file.files?.[0]) return;
  said.hidden = false;
  said.textContent = 'Reading the file.';
  try {
    const response = await fetch('/api/runs', { method: 'POST', headers: { 'Content-Type': 'application/x-ndjson' }, body: file.files[0] });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error?.message);
    location.href = `/run/${encodeURIComponent(answer.id)}`;
  } catch (error) {
    said.textContent = /** @type {Error} */ (error).message || 'The file could not be sent.';
  }
  file.value = ''; // the same file may be chosen again
});
