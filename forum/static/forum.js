// Saves page loads and keeps the reader's place. Every form and link here works without it: it asks the same addresses and takes what it
// needs from the same pages. Whatever it cannot do, it leaves to the browser.

const live = document.getElementById("live");
let clearing;

function say(text) {
  clearTimeout(clearing);
  live.textContent = text;
  clearing = setTimeout(() => (live.textContent = ""), 6000);
}

async function load(address, options = {}) {
  const headers = { "X-Requested-With": "fetch", ...(window !== parent && { "X-Forum-Frame": "1" }) };
  const response = await fetch(address, { ...options, headers });
  const page = new DOMParser().parseFromString(await response.text(), "text/html");
  return { response, page };
}

// What a form would send, with the button that sends it.
function sent(form, button) {
  const data = new FormData(form);
  if (button?.name) data.set(button.name, button.value);
  return data;
}

/* Tags: saved on a click, by Enter, Space or the button; never while the arrow keys move through the group. */

async function saveTag(form, button) {
  const data = sent(form, button);
  const chosen = button?.name ? "" : data.get("stance");
  if (!data.get("csrf_token") || (!chosen && !button?.name)) return form.submit();
  say(live.dataset.tagging);
  try {
    const { response, page } = await load(form.action, { method: "POST", body: data });
    const fresh = page.querySelector("form.g");
    // A refusal or a sign-in that has ended: the browser shows the page that says so.
    if (!response.ok || response.redirected || !fresh) return resend(form, data);
    const focused = form.contains(document.activeElement);
    form.replaceChildren(...fresh.childNodes);
    if (focused) (form.querySelector(":checked") ?? form.querySelector("input[type=radio]")).focus();
    say(chosen ? live.dataset.tagged : live.dataset.untagged);
  } catch {
    say(live.dataset.failed);
  }
}

function addressOf(form, button) {
  return button?.getAttribute("formaction") ?? form.getAttribute("action");
}

// Leave it to the browser after all, with the same fields.
function resend(form, data, address = addressOf(form)) {
  const copy = Object.assign(document.createElement("form"), { method: "post", action: address, hidden: true });
  for (const [name, value] of data) copy.append(Object.assign(document.createElement("input"), { type: "hidden", name, value }));
  form.after(copy);
  copy.submit();
}

document.addEventListener("click", (event) => {
  // Arrow keys also make clicks, on the radio itself and with no count; a pointer's click has one and hits the label.
  const label = event.detail && !event.target.matches("input") && event.target.closest(".g label");
  if (!label) return;
  event.preventDefault();
  const radio = label.querySelector("input");
  const form = radio.form;
  radio.checked = true;
  radio.focus({ preventScroll: true });
  form.querySelector("[name=csrf_token]") ? saveTag(form) : form.submit();
});

document.addEventListener("keydown", (event) => {
  if (event.key === " " && event.target.matches(".g input[type=radio]")) {
    event.preventDefault();
    event.target.checked = true;
    event.target.form.requestSubmit();
  }
});

/* The composer: opened in place for a reply, previewed in place, and its text kept in this tab until it is posted. */

let opened = 0;

// Two composers on one page must not share ids.
function separate(form) {
  opened += 1;
  for (const part of [form, ...form.querySelectorAll("*")])
    for (const name of ["id", "for", "aria-describedby", "aria-labelledby"])
      if (part.hasAttribute(name)) part.setAttribute(name, part.getAttribute(name).replace(/\S+/g, `$&-${opened}`));
  for (const link of form.querySelectorAll('.errors a[href^="#"]')) link.setAttribute("href", `${link.getAttribute("href")}-${opened}`);
}

async function openReply(link) {
  const card = link.closest(".c");
  const there = card.parentElement.querySelector(":scope > form.composer");
  if (there) return there.querySelector("textarea").focus();
  const { page } = await load(link.href);
  const form = page.querySelector("form.composer");
  // A visitor is sent to the sign-in page.
  if (!form) return location.assign(link.href);
  separate(form);
  const close = Object.assign(document.createElement("button"), { type: "button", textContent: live.dataset.cancel });
  close.addEventListener("click", () => {
    form.remove();
    link.focus();
  });
  form.querySelector(".buttons")?.append(close);
  card.after(form);
  restore(form);
  form.querySelector("textarea").focus();
}

function showAgain(form, fresh) {
  separate(fresh);
  const first = fresh.querySelector("[autofocus]");
  first?.removeAttribute("autofocus");
  form.replaceChildren(...fresh.childNodes);
  first?.focus();
}

async function send(form, button) {
  const isPreview = button?.matches("[data-preview]");
  const data = sent(form, button);
  button?.setAttribute("aria-busy", "true");
  try {
    const { page } = await load(addressOf(form, button), { method: "POST", body: data });
    const fresh = page.querySelector("form.composer");
    const posted = page.querySelector('[data-notice^="posted:"]');
    if (posted && !isPreview) return showPosted(form, page, posted.dataset.notice.split(":")[1]);
    if (fresh) return showAgain(form, fresh);
    resend(form, data, addressOf(form, button));
  } catch {
    say(live.dataset.failed);
  } finally {
    button?.removeAttribute("aria-busy");
  }
}

// A comment's heading is one level below the one that it stands under.
function nest(card) {
  const parent = card.closest("ol").closest("li").querySelector(":scope > .c");
  const level = Math.min(6, Number(parent.firstElementChild.localName[1]) + 1);
  const heading = document.createElement(`h${level}`);
  heading.append(...card.firstElementChild.childNodes);
  card.firstElementChild.replaceWith(heading);
}

function showPosted(form, page, id) {
  forget(form.dataset.draft);
  const item = page.getElementById(`c${id}`)?.closest("li");
  if (!item) return location.assign(`/c/${id}#c${id}`);
  const place = form.parentElement;
  let list = place.querySelector(":scope > ol");
  if (!list) place.append((list = document.createElement("ol")));
  list.append(item);
  form.remove();
  const fresh = document.getElementById(`c${id}`);
  nest(fresh);
  fresh.tabIndex = -1;
  fresh.focus();
  say(live.dataset.posted);
  ownComment();
}

document.addEventListener("submit", (event) => {
  const form = event.target;
  const button = event.submitter;
  if (form.matches("[data-sign-out]")) return drafts.clear();
  if (form.matches("form.g")) {
    event.preventDefault();
    saveTag(form, button);
  } else if (form.matches("form.composer") && form.querySelector("[name=csrf_token]")) {
    keep(form);
    // A root comment and an edit load their own page; a preview and a reply opened in place do not.
    if (button?.matches("[data-preview]") || form.closest(".thread")) {
      event.preventDefault();
      send(form, button);
    }
  }
});

/* More replies of a thread, fetched in place. */

async function showMore(link) {
  const paragraph = link.parentElement;
  const item = paragraph.closest("li");
  const { page } = await load(link.href);
  const found = page.querySelector(".more-replies");
  if (!found || !item) return location.assign(link.href);
  let list = item.querySelector(":scope > ol");
  if (!list) paragraph.before((list = document.createElement("ol")));
  const added = [...found.querySelectorAll(".c")];
  list.append(...found.children);
  added.forEach(nest);
  const next = page.querySelector(".more");
  next ? paragraph.replaceWith(next) : paragraph.remove();
  added[0].tabIndex = -1;
  added[0].focus({ preventScroll: true });
  localise();
  say(live.dataset.loaded);
}

document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target.closest("a");
  const task = link?.matches('.thread .a a[href$="/reply"]') ? openReply : link?.matches("li > .more a") ? showMore : null;
  if (task) {
    event.preventDefault();
    task(link).catch(() => location.assign(link.href));
  }
});

/* Drafts: in this tab only, gone when posted and when signing out. */

const KEY = "draft:";
const drafts = (() => {
  try {
    return sessionStorage;
  } catch {
    // A browser that blocks third-party cookies keeps this from a frame too: there a draft lasts as long as the page.
    const kept = new Map();
    return { getItem: (key) => kept.get(key), setItem: (key, text) => kept.set(key, text), removeItem: (key) => kept.delete(key), clear: () => kept.clear() };
  }
})();

function keep(form) {
  const text = form.querySelector("textarea").value;
  const stance = form.querySelector("[name=stance]:checked")?.value ?? "";
  if (text.trim()) drafts.setItem(KEY + form.dataset.draft, JSON.stringify({ text, stance }));
  else forget(form.dataset.draft);
}

function forget(name) {
  drafts.removeItem(KEY + name);
}

function restore(form) {
  const area = form.querySelector("textarea");
  const draft = JSON.parse(drafts.getItem(KEY + form.dataset.draft) ?? "null");
  if (!draft || area.value.trim()) return;
  area.value = draft.text;
  const radio = form.querySelector(`[name=stance][value="${draft.stance}"]`);
  if (radio && !form.querySelector("[name=stance][checked]:not([value=''])")) radio.checked = true;
}

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form.composer");
  if (form) keep(form);
});

/* News: whether there are more comments, or fewer, than when this page was made. It says so and does nothing by itself; a tag or an edit is no news. */

const news = document.getElementById("news");
const FIRST_WAIT = 15_000;
const LONGEST_WAIT = 300_000;
const seen = { count: Number(news?.dataset.count) };
let wait = FIRST_WAIT;
let asking;
let isAsking = false;

// What the reader has posted here is shown already.
function ownComment() {
  seen.count += 1;
}

function showNews(count) {
  const more = count - seen.count;
  if (!more) return news.replaceChildren();
  const { one, many, changed, show } = news.dataset;
  const words = more > 1 ? many.replace("{count}", more.toLocaleString(document.documentElement.lang)) : more === 1 ? one : changed;
  if (news.textContent.startsWith(`${words} –`)) return;
  const link = Object.assign(document.createElement("a"), { href: location.href, textContent: show });
  link.addEventListener("click", (event) => {
    // Where drafts last only as long as the page, one that is being written stays where it is.
    if (!(drafts instanceof Storage) && [...document.querySelectorAll("form.composer textarea")].some((area) => area.value.trim())) return (link.target = "_blank");
    event.preventDefault();
    location.reload();
  });
  news.replaceChildren(`${words} – `, link);
}

function askLater(least = 0) {
  clearTimeout(asking);
  if (!document.hidden) asking = setTimeout(ask, Math.max(least, wait * (0.8 + 0.4 * Math.random())));
}

async function ask() {
  clearTimeout(asking);
  if (isAsking) return;
  isAsking = true;
  let least = 0;
  try {
    const answer = await fetch(news.dataset.address, { cache: "no-cache" });
    // It is gone, or not for this reader.
    if (answer.status >= 400 && answer.status < 429) return news.replaceChildren();
    least = 1000 * (Number(answer.headers.get("Retry-After")) || 0);
    if (!answer.ok) throw new Error(answer.status);
    const found = await answer.json();
    wait = found.comment_count === seen.latest ? Math.min(wait * 1.5, LONGEST_WAIT) : FIRST_WAIT;
    seen.latest = found.comment_count;
    showNews(found.comment_count);
  } catch {
    wait = Math.min(wait * 2, LONGEST_WAIT);
  } finally {
    isAsking = false;
  }
  askLater(least);
}

if (news) {
  seen.latest = seen.count;
  document.addEventListener("visibilitychange", () => (document.hidden ? clearTimeout(asking) : ask()));
  askLater();
}

/* Days stand in the page's language; the exact moment by the reader's clock is their tooltip. */

function localise() {
  const language = document.documentElement.lang;
  for (const time of document.querySelectorAll("time:not([title])"))
    time.title = new Date(time.dateTime).toLocaleString(language, { dateStyle: "full", timeStyle: "short" });
}

if (document.querySelector('[data-notice^="posted:"]')) {
  const page = document.querySelector('h1 a[href^="/a/"]')?.getAttribute("href");
  const id = document.querySelector('[data-notice^="posted:"]').dataset.notice.split(":")[1];
  for (const name of [`${page}/comments`, `/c/${id}/edit`]) forget(name);
  const answered = document.querySelector("[aria-labelledby=above] .c");
  if (answered) forget(`${page}/comments#${answered.id.slice(1)}`);
}
if (document.querySelector('[data-notice="signed-out"]')) drafts.clear();
for (const form of document.querySelectorAll("form.composer")) restore(form);
localise();
