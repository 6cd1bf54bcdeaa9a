// The configuration's form: checked as one types, tried and saved without losing what was typed, copied from.
// Without this script the same form does the same, with a page for each answer.
(() => {
  const form = document.getElementById("configuration");
  const field = (name) => form.elements.namedItem(name);
  const value = (name) => (field(name)?.value ?? "").trim();
  const JSON_PLEASE = { Accept: "application/json" };
  const LEVELS = { ok: ["good", "ok"], warn: ["wait", "look at it"], bad: ["bad", "mend it"] };
  const touched = new Set();

  // What a field has to say about itself stands in front of its help.
  const tell = (name, sentence) => {
    const below = document.getElementById(`${name}-below`);
    const input = document.getElementById(name);
    if (!below || !input) return false;
    let error = below.querySelector(".error");
    if (!error) {
      error = document.createElement("span");
      error.className = "error";
      below.prepend(error);
    }
    error.textContent = sentence ? `${input.dataset.label ?? ""} ${sentence}. ` : "";
    below.hidden = !below.textContent.trim();
    below.parentElement.classList.toggle("wrong", Boolean(sentence));
    input.toggleAttribute("aria-invalid", Boolean(sentence));
    return true;
  };

  const show = (problems, names) => {
    for (const input of form.elements) if (input.name && names(input.name)) tell(input.name, problems[input.name]);
  };

  const trouble = (text) => {
    const place = document.getElementById("trouble");
    place.textContent = text;
    place.hidden = !text;
    if (text) place.scrollIntoView({ block: "nearest" });
  };

  const send = async (action, secrets) => {
    const data = new FormData(form);
    data.set("action", action);
    if (!secrets) {
      for (const input of form.querySelectorAll("[data-secret]")) if (input.value) data.set(input.name, "typed");
      data.delete("mailbox");
    }
    // The buttons are named "action": `form.action` is them, not the address.
    const how = { method: "POST", headers: JSON_PLEASE, body: new URLSearchParams(data) };
    const answer = await fetch(window.location.pathname, how);
    return answer.json();
  };

  // As one types: only what was touched is complained about.
  let timer;
  let asked = 0;
  const check = async () => {
    const mine = ++asked;
    const answer = await send("check", false).catch(() => null);
    if (!answer?.problems || mine !== asked) return;
    show(answer.problems, (name) => touched.has(name));
    const key = document.getElementById("made-key");
    if (key && value("name")) key.value = answer.key;
    for (const [name, note] of Object.entries(answer.notes)) {
      const place = form.querySelector(`[data-note="${name}"]`);
      place.hidden = !note;
      place.textContent = note ? `The Airflow connection ${value(name)}: ${note}` : "";
    }
  };
  form.addEventListener("input", (event) => {
    if (event.target.name === "mailbox") return;
    touched.add(event.target.name);
    clearTimeout(timer);
    timer = setTimeout(check, 400);
    consent();
  });

  // Test and save: the answer comes into this page. A download leaves the page where it is by itself.
  const waiting = { test: ["testing", "Trying both systems …"], save: ["saving", "Saving …"] };
  form.addEventListener("submit", async (event) => {
    const button = event.submitter;
    if (!button || !(button.value in waiting)) return;
    event.preventDefault();
    const [place, words] = waiting[button.value];
    document.getElementById(place).textContent = words;
    button.disabled = true;
    clearTimeout(timer);
    asked += 1;
    trouble("");
    const answer = await send(button.value, true).catch(() => ({ detail: "Airflow did not answer. Try again." }));
    document.getElementById(place).textContent = "";
    button.disabled = false;
    settle(answer);
  });

  const settle = (answer) => {
    if (answer.to) {
      window.location.assign(answer.to);
      return;
    }
    const problems = answer.problems ?? {};
    show(problems, () => true);
    if (answer.detail || problems[""]) trouble(answer.detail ?? problems[""]);
    else if (answer.problems) trouble("Correct what is marked below.");
    const first = Object.keys(problems).map((name) => document.getElementById(name)).find(Boolean);
    first?.closest("details")?.setAttribute("open", "");
    first?.focus();
    if (answer.checks) list(answer.checks);
    if (answer.file) offer(answer.file, answer.ids);
  };

  const cell = (row, text, chip) => {
    const place = row.insertCell();
    if (!chip) {
      place.textContent = text;
      return;
    }
    const word = document.createElement("span");
    word.className = `chip ${chip}`;
    word.textContent = text;
    place.append(word);
  };

  const list = (checks) => {
    const table = document.createElement("table");
    const head = table.createTHead().insertRow();
    for (const title of ["", "What", "Finding"]) {
      const place = document.createElement("th");
      place.scope = "col";
      place.textContent = title;
      head.append(place);
    }
    const body = table.createTBody();
    for (const { level, name, sentence } of checks) {
      const row = body.insertRow();
      cell(row, LEVELS[level][1], LEVELS[level][0]);
      cell(row, name);
      cell(row, sentence);
    }
    const frame = document.createElement("div");
    frame.className = "scroll";
    frame.append(table);
    document.getElementById("checks").replaceChildren(frame);
    const bad = checks.filter((one) => one.level === "bad").length;
    document.getElementById("testing").textContent = bad ? `${bad} to mend.` : "Both systems can be used.";
  };

  const offer = (file, ids) => {
    for (const [name, id] of Object.entries(ids)) field(name).value = id;
    const place = document.getElementById("file");
    place.querySelector("[data-name]").textContent = file.name;
    place.querySelector("pre").textContent = file.text;
    place.hidden = false;
    place.scrollIntoView({ block: "start" });
  };

  // Copying: the clipboard where the browser gives it, else by hand from the selected text.
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const from = document.getElementById(button.dataset.copy);
    const text = from.value ?? from.textContent;
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      window.getSelection().selectAllChildren(from);
      from.select?.();
      document.execCommand("copy");
    }
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });

  // The link by which an administrator agrees, from the ids as they are typed.
  const LOGINS = {
    "graph.microsoft.us": "https://login.microsoftonline.us",
    "dod-graph.microsoft.us": "https://login.microsoftonline.us",
    "microsoftgraph.chinacloudapi.cn": "https://login.partner.microsoftonline.cn",
  };
  const consent = () => {
    const tenant = value("microsoft_tenant");
    const application = value("graph_conn.application");
    const host = value("graph_conn.server").replace(/^https:\/\//, "").replace(/\/.*$/, "");
    const login = value("graph_conn.authority") || LOGINS[host] || "https://login.microsoftonline.com";
    const known = tenant && application;
    const query = `adminconsent?client_id=${encodeURIComponent(application)}`;
    document.getElementById("consent").value = known
      ? `${login.replace(/\/$/, "")}/${encodeURIComponent(tenant)}/${query}`
      : "";
  };

  // Only the fields of the chosen way to sign in are shown.
  const method = () => {
    for (const part of form.querySelectorAll("[data-method]")) part.hidden = part.dataset.method !== value("graph_conn.method");
  };
  form.addEventListener("change", method);
  method();

  // Until Airflow has read the file, look again every few seconds.
  const state = document.getElementById("state");
  if (state && !state.dataset.known) {
    const look = async () => {
      const answer = await fetch(state.dataset.state, { headers: JSON_PLEASE }).then((one) => one.json()).catch(() => null);
      if (answer?.known) window.location.reload();
      else setTimeout(look, 3000);
    };
    setTimeout(look, 3000);
  }
})();
