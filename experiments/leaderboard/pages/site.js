// Filters: a select above a table shows the rows of one kind only.
for (const select of document.querySelectorAll("select[data-filters]")) {
  const rows = [...select.closest("section").querySelectorAll("tr[data-mark]")];
  select.addEventListener("change", () => {
    for (const row of rows) row.hidden = select.value !== "" && row.dataset.mark !== select.value;
  });
}

// The front's plot draws itself where its own size is observed: one frame later, or the browser complains of a loop.
window.ResizeObserver = class extends ResizeObserver {
  constructor(callback) { super((...all) => requestAnimationFrame(() => callback(...all))); }
};
