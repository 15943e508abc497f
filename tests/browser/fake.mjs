// Controls a FakeClerk through its routes under `/_fake/`.

export class Fake {
  /** `url` is `http://127.0.0.1:PORT`. */
  constructor(url) {
    this.url = url;
    this.frontend = url.replace("127.0.0.1", "clerk.app.localhost");
  }

  async send(method, route, body) {
    const response = await fetch(`${this.url}/_fake/${route}`, { method, body: body && JSON.stringify(body) });
    const json = await response.json();
    if (!response.ok) throw new Error(`/_fake/${route}: ${response.status} ${json.message}`);
    return json;
  }

  post(route, body) {
    return this.send("POST", route, body);
  }

  /** How often the app has refreshed a session since the last call. */
  async takeRefreshes() {
    const requests = await this.send("DELETE", "requests");
    return requests.filter(({ target }) => /^\/v1\/sessions\/[^/]+\/refresh/.test(target)).length;
  }

  reset(seed) {
    return this.post("reset", seed);
  }

  moveClock(seconds) {
    return this.post("clock", { advance_ms: seconds * 1000 });
  }

  /** Signs with another key, and withdraws the old one. */
  rotateKeys() {
    return this.post("rotate", { keep_old: false });
  }

  /** A session token that expired a minute ago. */
  async expiredToken(sessionId, origin) {
    const { expired_token } = await this.post("handshake", { session_id: sessionId, origin });
    return expired_token;
  }

  /** The URL that signs a user in without the page. */
  signInUrl(user, organization = "") {
    const query = new URLSearchParams({ user, organization });
    return `${this.frontend}/_fake/sign-in?${query}`;
  }
}
