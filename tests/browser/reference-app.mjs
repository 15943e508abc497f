// The pages of `webapp` on Clerk's own `@clerk/backend`. It prints its address, and serves until it is killed.

import { createServer } from "node:http";

import { createClerkClient } from "@clerk/backend";

const { CLERK_API_URL, CLERK_SECRET_KEY, CLERK_PUBLISHABLE_KEY, CLERK_PROXY_URL } = process.env;
const clerk = createClerkClient({
  apiUrl: CLERK_API_URL,
  secretKey: CLERK_SECRET_KEY,
  publishableKey: CLERK_PUBLISHABLE_KEY,
  telemetry: { disabled: true },
});

const server = createServer(async (message, response) => {
  const request = new Request(new URL(message.url, origin), { method: message.method, headers: message.headers });
  try {
    await respond(request, response);
  } catch (error) {
    response.writeHead(500, { "content-type": "text/html" }).end(page("Error", String(error), null));
  }
});
server.listen(0, "127.0.0.1");
await new Promise((resolve) => server.once("listening", resolve));
const origin = `http://app.localhost:${server.address().port}`;
console.log(origin);

async function respond(request, response) {
  const state = await clerk.authenticateRequest(request, { proxyUrl: CLERK_PROXY_URL, authorizedParties: [origin] });
  for (const [name, value] of state.headers) response.appendHeader(name, value);
  if (state.headers.has("location")) return response.writeHead(307).end();
  const url = new URL(request.url);
  const auth = state.toAuth();
  if (url.pathname.startsWith("/api/")) {
    const body = auth.userId ? { user_id: auth.userId, session_id: auth.sessionId } : { error: "not signed in" };
    const status = auth.userId ? 200 : 401;
    return response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
  }
  if (!auth.userId && url.pathname !== "/" && opensPage(request)) {
    return response.writeHead(307, { location: signIn(request.url) }).end();
  }
  const [status, title, text] = shown(request.method, url.pathname, auth);
  response.writeHead(status, { "content-type": "text/html; charset=utf-8" }).end(page(title, text, auth.userId));
}

/** The status, the title and the text of a page. */
function shown(method, path, auth) {
  if (path === "/") return [200, "Home", "Everybody sees this page."];
  if (!auth.userId) return [401, "Not signed in", "Nothing was saved."];
  if (path === "/admin") {
    if (!auth.has({ role: "org:admin" })) return [403, "Not allowed", "You are not an admin."];
    return [200, "Admins only", `You are an admin of ${auth.orgId}.`];
  }
  return method === "POST" ? [200, "Saved", "The form was sent."] : [200, "Your page", `Your session is ${auth.sessionId}.`];
}

function opensPage(request) {
  return request.method === "GET" && request.headers.get("sec-fetch-dest") === "document";
}

function signIn(back) {
  return `${CLERK_PROXY_URL}/sign-in?redirect_url=${encodeURIComponent(back)}`;
}

function page(title, text, user) {
  const signOut = `${CLERK_PROXY_URL}/sign-out?redirect_url=${origin}/`;
  const link = user ? `<a href="${signOut}">Sign out</a>` : `<a href="${signIn(`${origin}/`)}">Sign in</a>`;
  const form = title === "Your page" ? '<form method="post"><button>Save</button></form>' : "";
  return `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>${title}</title><link rel="icon" href="data:,">
<style>body { font: 1.1rem/1.5 sans-serif; max-width: 42rem; margin: 2rem auto }</style>
<nav><a href="/">Home</a> <a href="/me">Your page</a> <a href="/admin">Admins only</a>
<span id="user">${user ?? "visitor"}</span> ${link}</nav>
<h1>${title}</h1><p>${text}</p>${form}</html>
`;
}
