// In a frame on another site's page: tells that page, and only an allowed one, how high this page is and where it wants to be read.

const allowed = document.body.dataset.hosts.split(" ");
// Firefox does not say who frames us; a message to an origin that is not there is dropped by the browser.
const hosts = location.ancestorOrigins ? allowed.filter((origin) => origin === location.ancestorOrigins[0]) : allowed;
const live = document.getElementById("live");

function tell(message) {
  for (const host of hosts) parent.postMessage({ forum: 1, ...message }, host);
}

const height = () => Math.ceil(document.documentElement.getBoundingClientRect().height);
const target = () => document.getElementById(decodeURIComponent(location.hash.slice(1)));
const topOf = (place) => Math.max(0, Math.round(place?.getBoundingClientRect().top ?? 0));

// With the token that the host page has for its visitor; refused, the reader stays a visitor who can sign in by hand.
async function enter(token) {
  const headers = { "X-Forum-Frame": "1" };
  const asked = await fetch("/embed/token", { headers });
  const page = new DOMParser().parseFromString(await asked.text(), "text/html");
  const body = new FormData(page.querySelector("form[data-token]"));
  body.set("token", token);
  body.set("next", location.pathname + location.search);
  const answer = await fetch("/sign-in/sso", { method: "POST", headers, body });
  if (answer.redirected) location.reload();
}

addEventListener("message", ({ data, origin, source }) => {
  if (data?.forum !== 1) return;
  if (source === parent && hosts.includes(origin)) {
    if (/^#[0-9a-f]{6}$/i.test(data.accent)) document.documentElement.style.setProperty("--link", data.accent);
    if (typeof data.token === "string") enter(data.token);
  } else if (origin === location.origin && typeof data.code === "string") {
    // From the window in which somebody has just signed in.
    const form = document.querySelector("form[data-take-over]");
    if (!form) return;
    form.elements.code.value = data.code;
    form.requestSubmit();
  }
});

// A page that is left at once asks for no token: it is good once.
const start = document.querySelector("form[data-start]");
start?.submit();
new ResizeObserver(() => tell({ height: height() })).observe(document.documentElement);
tell({ hello: 1, visitor: !start && !document.body.dataset.account, height: height(), top: topOf(target()) });
addEventListener("hashchange", () => tell({ top: topOf(target()) }));
// What is said to the reader stands where the reader is, not at the end of a long frame.
new MutationObserver(() => {
  const seeing = new IntersectionObserver(([seen]) => {
    seeing.disconnect();
    live.style.inset = `${Math.max(0, seen.intersectionRect.bottom - 64)}px 0 auto`;
    live.style.position = "absolute";
  });
  seeing.observe(document.documentElement);
}).observe(live, { childList: true, characterData: true, subtree: true });
