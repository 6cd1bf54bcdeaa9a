// A link to another site opens in a tab of its own. The frame around this page may open none, the page around it may.
(() => {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-outside]");
    if (!link || window.parent === window) return;
    event.preventDefault();
    const outer = window.parent.document.createElement("a");
    outer.href = link.href;
    outer.target = "_blank";
    outer.rel = "noopener noreferrer";
    outer.click();
  });
})();
