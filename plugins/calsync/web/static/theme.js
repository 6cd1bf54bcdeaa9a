// Airflow keeps its theme as a class of the page around this one; follow it, also when it is switched.
// Opened on its own, the page follows the system's theme (calsync.css).
(() => {
  if (window.parent === window) return;
  const outer = window.parent.document.documentElement;
  const follow = () => {
    document.documentElement.dataset.theme = outer.classList.contains("dark") ? "dark" : "light";
  };
  new MutationObserver(follow).observe(outer, { attributes: true, attributeFilter: ["class"] });
  follow();
})();
