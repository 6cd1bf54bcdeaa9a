// While employees are being matched, ask how it stands and show the page anew when it has ended.
(() => {
  const form = document.querySelector("form[data-matching]");
  if (!form) return;
  const look = async () => {
    const answer = await fetch(form.dataset.matching, { headers: { Accept: "application/json" } }).catch(() => null);
    if (answer?.ok && (await answer.json()).state !== "running") window.location.replace(window.location.pathname);
    else setTimeout(look, 3000);
  };
  setTimeout(look, 3000);
})();
