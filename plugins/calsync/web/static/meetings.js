// The calendar by keyboard, and days opened without losing whose calendar it is. Without this, links and buttons do it.
(() => {
  const form = document.querySelector("form[data-calendar]");
  const days = [...document.querySelectorAll("table.calendar td[data-day] a.date")];
  const perRow = document.querySelector("table.calendar tbody tr")?.cells.length || 7;

  // A day of one person's calendar is opened by the form: whose it is stands in no address.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-open-day]");
    if (!link || !form.elements.who.value || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    form.querySelector("input[name=day]").value = link.dataset.openDay;
    form.elements.view.value = "day";
    form.requestSubmit();
  });

  document.addEventListener("keydown", (event) => {
    if (event.altKey || event.ctrlKey || event.metaKey || event.target.closest("input, select, textarea, dialog")) return;
    const button = form?.querySelector(`button[data-key="${event.key}"]`);
    if (button) {
      event.preventDefault();
      button.click();
      return;
    }
    const step = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -perRow, ArrowDown: perRow }[event.key];
    const cell = event.target.closest("td[data-day]");
    if (!step || !cell) return;
    const next = days[days.indexOf(cell.querySelector("a.date")) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  });
})();
