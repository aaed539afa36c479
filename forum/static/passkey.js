// Passkeys: asks the browser for one and sends its answer with the form around it. Nothing else on a page needs this file.
// A form says what to ask: data-passkey="create" or "get", data-options (JSON of the Web Authentication API), and the sentences for what can go wrong.

const toBytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (letter) => letter.charCodeAt(0));
const toText = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
const withBytes = (known) => (known || []).map((each) => ({ ...each, id: toBytes(each.id) }));

function read(options) {
  const asked = { ...options, challenge: toBytes(options.challenge) };
  if (options.user) asked.user = { ...options.user, id: toBytes(options.user.id) };
  if (options.excludeCredentials) asked.excludeCredentials = withBytes(options.excludeCredentials);
  if (options.allowCredentials) asked.allowCredentials = withBytes(options.allowCredentials);
  return asked;
}

function write(credential) {
  const { response } = credential;
  const parts = { clientDataJSON: toText(response.clientDataJSON) };
  for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"])
    if (response[name]) parts[name] = toText(response[name]);
  if (response.getTransports) parts.transports = response.getTransports();
  return JSON.stringify({ id: credential.id, rawId: toText(credential.rawId), type: credential.type, response: parts });
}

function prepare(form) {
  const button = form.querySelector("[data-passkey-ask]");
  const problem = form.querySelector("[data-passkey-problem]");
  const say = (sentence) => {
    problem.textContent = sentence;
    problem.hidden = false;
  };
  if (!window.PublicKeyCredential) {
    say(form.dataset.unsupported);
    return;
  }
  form.querySelector("[data-passkey-able]").hidden = false;
  button.addEventListener("click", async () => {
    if (!form.reportValidity()) return;
    problem.hidden = true;
    button.disabled = true;
    try {
      const publicKey = read(JSON.parse(form.dataset.options));
      form.elements.answer.value = write(await navigator.credentials[form.dataset.passkey]({ publicKey }));
      form.submit();
    } catch (error) {
      say(error.name === "NotAllowedError" ? form.dataset.cancelled : error.name === "InvalidStateError" ? form.dataset.known : form.dataset.failed);
      button.disabled = false;
      button.focus();
    }
  });
}

document.querySelectorAll("form[data-passkey]").forEach(prepare);
