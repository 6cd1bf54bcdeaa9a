// What plain HTML cannot do: questions before a change, boxes ticked together, links to Airflow's own pages.
// Every page works without it; then a button does its work at once, and a link opens inside the frame.
(() => {
  const all = (selector, within = document) => [...within.querySelectorAll(selector)];

  // <button data-confirm="id"> inside a form asks with the <dialog> of that id first.
  const ask = (button) => {
    const dialog = document.getElementById(button.dataset.confirm);
    const ticked = all("input[type=checkbox][data-row]:checked", button.form);
    for (const output of all("output[data-count]", dialog)) output.value = ticked.length;
    for (const output of all("output[data-sum]", dialog)) {
      output.value = ticked.reduce((sum, box) => sum + Number(box.dataset[output.dataset.sum] || 0), 0);
    }
    dialog.querySelector("[data-go]").onclick = () => {
      dialog.close();
      button.dataset.asked = "yes";
      button.form.requestSubmit(button);
    };
    dialog.showModal();
  };

  document.addEventListener("click", (event) => {
    const confirmed = event.target.closest("button[data-confirm]");
    if (confirmed && !confirmed.dataset.asked) {
      event.preventDefault();
      if (confirmed.form.reportValidity()) ask(confirmed);
      return;
    }
    const opener = event.target.closest("[data-open]");
    if (opener) document.getElementById(opener.dataset.open).showModal();
    const closer = event.target.closest("dialog [data-close]");
    if (closer) closer.closest("dialog").close();
    const outside = event.target.closest("a[data-airflow]");
    if (outside && window.parent !== window && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      window.parent.history.pushState({}, "", outside.href);
      window.parent.dispatchEvent(new window.parent.PopStateEvent("popstate"));
    }
  });

  // <input type=checkbox data-all> ticks every box of its form; buttons with data-needs wait until one is ticked.
  const settle = (form) => {
    const boxes = all("input[type=checkbox][data-row]", form);
    const ticked = boxes.filter((box) => box.checked).length;
    for (const box of all("input[data-all]", form)) {
      box.checked = ticked > 0 && ticked === boxes.length;
      box.indeterminate = ticked > 0 && ticked < boxes.length;
    }
    for (const button of all("button[data-needs]", form)) button.disabled = ticked === 0;
    for (const output of all("output[data-ticked]", form)) output.value = ticked;
  };

  document.addEventListener("change", (event) => {
    const form = event.target.form;
    if (!form || event.target.type !== "checkbox") return;
    if (event.target.matches("[data-all]")) {
      for (const box of all("input[type=checkbox][data-row]", form)) box.checked = event.target.checked;
    }
    settle(form);
  });

  for (const form of all("form")) if (form.querySelector("[data-row]")) settle(form);

  // A filter takes effect as soon as it is chosen.
  for (const control of all("form.filters select")) control.addEventListener("change", () => control.form.requestSubmit());
})();
