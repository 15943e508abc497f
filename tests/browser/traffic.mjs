// Records what a tab sends, and the cookies that it is told to set, on the level of single redirects.

export class Traffic {
  requests = [];
  cookies = [];
  refused = [];
  /** The status of the newest page. */
  status = null;

  static async of(page) {
    const traffic = new Traffic();
    const session = await page.context().newCDPSession(page);
    session.on("Network.requestWillBeSent", ({ request, type }) => {
      traffic.requests.push({ method: request.method, url: request.url, type });
    });
    session.on("Network.responseReceived", ({ response, type }) => {
      if (type === "Document") traffic.status = response.status;
    });
    // This event has the headers as they came, also those of redirects.
    session.on("Network.responseReceivedExtraInfo", ({ headers, blockedCookies }) => {
      const name = Object.keys(headers).find((name) => name.toLowerCase() === "set-cookie");
      if (name) traffic.cookies.push(...headers[name].split("\n"));
      traffic.refused.push(...blockedCookies.map(({ cookieLine, blockedReasons }) => `${blockedReasons}: ${cookieLine}`));
    });
    await session.send("Network.enable");
    return traffic;
  }

  /** The requests since the last call, oldest first. */
  take() {
    return this.requests.splice(0);
  }
}

export function isHandshake({ url }) {
  return new URL(url).pathname === "/v1/client/handshake";
}
