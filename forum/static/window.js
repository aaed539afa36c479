// The window in which somebody signed in hands the code to the frame that opened it, if that is still there; the code also stands on the page.

const code = document.querySelector("[data-code]")?.dataset.code;
if (code && window.opener) {
  window.opener.postMessage({ forum: 1, code }, location.origin);
  setTimeout(() => window.close(), 1500);
}
