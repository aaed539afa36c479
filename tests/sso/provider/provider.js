// A certified OpenID provider (npm: oidc-provider) with its own login and consent pages, for the tests: node provider.js PORT RETURN_ADDRESS
// Any name signs in. Its address is <name>@login.example; a name that begins with "new" has an address that is not confirmed, and "priya", "joel" and
// "marit" have those of the demo's people.

import Provider from "oidc-provider";

const [port, back] = process.argv.slice(2);
const demo = ["priya", "joel", "marit"];
const host = (name) => (demo.includes(name) ? "example.org" : "login.example");

const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{
    client_id: "forum",
    client_secret: "a secret that the tests know, long enough",
    redirect_uris: [back],
    response_types: ["code"],
    grant_types: ["authorization_code"],
  }],
  cookies: { keys: ["a key that the tests know"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "preferred_username"] },
  pkce: { required: () => true },
  async findAccount(_, name) {
    const claims = {
      sub: name,
      name: `${name} at the provider`,
      preferred_username: name,
      email: `${name}@${host(name)}`,
      email_verified: !name.startsWith("new"),
    };
    return { accountId: name, claims: async () => claims };
  },
});

provider.listen(Number(port), "127.0.0.1", () => console.log("ready"));
