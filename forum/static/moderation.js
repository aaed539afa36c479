// Single keys for moderators, and help with sentences and marks. Each key presses, follows or ticks something that is on the page; nothing works
// by a key alone. Off while somebody types, and for good by the box in the list of keys (WCAG 2.2, 2.1.4).

const OFF = "moderation-keys";
const help = document.getElementById("keys");
const box = help?.querySelector("input");
const form = document.getElementById("decide");
const statement = form?.elements.statement;
const spans = form?.elements.spans;
const rows = [...document.querySelectorAll("[data-row]")];

// A browser may refuse to store anything; the box then holds for this page.
function stored(value) {
  try {
    if (value) localStorage.setItem(OFF, value);
    return localStorage.getItem(OFF);
  } catch {
    return value;
  }
}

function show() {
  document.documentElement.classList.toggle("keyed", box.checked);
  for (const it of document.querySelectorAll("[data-key]"))
    box.checked ? it.setAttribute("aria-keyshortcuts", it.dataset.key) : it.removeAttribute("aria-keyshortcuts");
}

function isTyping(it) {
  return it.matches("textarea, select, [contenteditable], input:not([type=radio], [type=checkbox], [type=button], [type=submit])");
}

function row() {
  return document.activeElement.closest("[data-row]");
}

function move(step) {
  const at = rows.indexOf(row());
  const next = rows[at < 0 ? 0 : at + step];
  next?.focus();
}

function write(area, text) {
  area.value = text;
  area.focus();
  area.setSelectionRange(text.length, text.length);
}

function begin() {
  const sentence = form.querySelector(`[data-reason="${form.elements.reason.value}"] dd span`);
  write(statement, statement.value.trim() || !sentence ? statement.value : `${sentence.textContent.trim()} `);
}

function press(key) {
  const it = row()?.querySelector(`[data-key="${key}"]`) ?? document.querySelector(`[data-key="${key}"]`);
  if (!it) return false;
  it.focus();
  if (!it.matches("textarea")) it.click();
  if (key === "r") begin();
  if (key === "d") spans?.focus();
  return true;
}

document.addEventListener("keydown", (event) => {
  const { key, target } = event;
  if (!box?.checked || event.isComposing || event.repeat || event.altKey) return;
  if (event.ctrlKey || event.metaKey) {
    if (key !== "Enter" || !form || (target !== document.body && !form.contains(target))) return;
    event.preventDefault();
    form.requestSubmit(form.querySelector(".main"));
  } else if (!isTyping(target)) {
    let done = true;
    if (key === "j") move(1);
    else if (key === "k") move(-1);
    else if (key === "?") {
      help.open = true;
      help.querySelector("summary").focus();
    } else done = /^[a-z]$/.test(key) && press(key);
    if (done) event.preventDefault();
  }
});

document.addEventListener("click", ({ target }) => {
  if (target.matches("[data-use]")) write(statement, target.parentElement.querySelector("span").textContent.trim());
  if (target.matches("[data-mark]")) {
    const [opening, closing] = target.dataset.mark.split(" ");
    const { selectionStart: from, selectionEnd: to, value } = spans;
    if (from < to) spans.setRangeText(opening + value.slice(from, to) + closing, from, to, "end");
    spans.focus();
  }
});

// Of the sentences to begin from, those for the chosen reason.
function offer() {
  const reason = form.elements.reason.value;
  for (const it of form.querySelectorAll("[data-reason]")) it.hidden = reason !== "" && it.dataset.reason !== reason;
}

for (const it of document.querySelectorAll("[data-use], [data-mark]")) it.hidden = false;
if (form) {
  form.elements.reason?.addEventListener("change", offer);
  offer();
}
if (box) {
  help.hidden = false;
  box.checked = stored() !== "off";
  box.addEventListener("change", () => {
    stored(box.checked ? "on" : "off");
    show();
  });
  show();
}
