// Filters: a select above a table shows the rows of one kind only.
for (const select of document.querySelectorAll("select[data-filters]")) {
  const rows = [...select.closest("section").querySelectorAll("tr[data-mark]")];
  select.addEventListener("change", () => {
    for (const row of rows) row.hidden = select.value !== "" && row.dataset.mark !== select.value;
  });
}
