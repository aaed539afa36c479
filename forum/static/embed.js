/* Puts a discussion into another site's page, instead of the link that stands there: a frame that is as high as its content. Version 1.
   The frame says how high it is and where it wants to be read; nothing that it says does more than move and size it. */
(() => {
  const here = new URL(document.currentScript.src).origin;
  const shown = new Map();

  function mount(box) {
    if (shown.has(box)) return;
    const { forumArticle, forumTitle, forumKey, forumHeight, forumTheme, forumLabel } = box.dataset;
    const deep = /^#forum-c(\d+)$/.exec(location.hash)?.[1];
    const url = forumArticle || document.querySelector("link[rel=canonical]")?.href || location.href;
    const query = new URLSearchParams({ url, title: forumTitle || document.title });
    if (forumKey) query.set("key", forumKey);
    if (deep) query.set("c", deep);
    if (forumTheme) query.set("theme", forumTheme);
    const frame = document.createElement("iframe");
    const it = { frame, kept: [...box.childNodes], deep };
    frame.title = forumLabel || "Comments";
    frame.loading = deep ? "eager" : "lazy";
    frame.src = `${here}/embed?${query}`;
    frame.style.cssText = `display:block;width:100%;border:0;height:${+forumHeight || Math.max(box.offsetHeight, 640, innerHeight)}px`;
    frame.onload = () => (it.wait = setTimeout(() => it.greeted || fail(box), 9000));
    // Where the page's server has put the discussion there to be read without us, what search engines read of it stays.
    const data = [...box.querySelectorAll("script[type='application/ld+json']")].map((block) => block.cloneNode(true));
    box.replaceChildren(frame, ...data);
    // The height that the page reserved is the frame's now.
    box.style.minHeight = 0;
    shown.set(box, it);
  }

  function unmount(box) {
    const it = shown.get(box);
    if (!it) return;
    clearTimeout(it.wait);
    shown.delete(box);
    box.style.minHeight = "";
    box.replaceChildren(...it.kept);
  }

  function fail(box) {
    unmount(box);
    const again = document.createElement("button");
    again.textContent = box.dataset.forumRetry || "Load the discussion again";
    again.onclick = () => (again.remove(), mount(box));
    box.append(again);
  }

  addEventListener("message", ({ origin, source, data }) => {
    if (origin !== here || data?.forum !== 1) return;
    for (const [box, it] of shown) {
      const { frame } = it;
      if (frame.contentWindow !== source) continue;
      const { top, height } = frame.getBoundingClientRect();
      // It shrinks only where nobody sees what is below it move.
      if (data.height > height || top + data.height > innerHeight) frame.style.height = `${Math.min(data.height, 1e6)}px`;
      if (data.hello) {
        const { forumToken, forumAccent } = box.dataset;
        if (forumAccent) source.postMessage({ forum: 1, accent: forumAccent }, here);
        if (data.visitor && forumToken && !it.asked) source.postMessage({ forum: 1, token: forumToken }, here), (it.asked = 1);
      }
      if (data.top >= 0 && (it.greeted || it.deep)) scrollTo({ top: scrollY + top + +data.top - 16 });
      if (data.hello) it.greeted = 1;
    }
  });

  const scan = () => document.querySelectorAll("[data-forum-article]").forEach(mount);
  window.Forum = { mount, unmount, scan };
  document.readyState === "loading" ? addEventListener("DOMContentLoaded", scan) : scan();
})();
