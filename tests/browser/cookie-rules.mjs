// The attributes that each cookie must have.

/** A cookie of ten years that scripts may read, of the app's host alone. */
const OWN = ["Path=/", "Max-Age=315360000", "Secure", "SameSite=Lax"];
const SECRET = [...OWN, "HttpOnly"];

/** By the name without the suffix of the instance. */
const RULES = {
  __session: { set: OWN },
  // The Frontend API sets it, too, so it is of the domain. A cookie of the host would hide it, and is removed.
  __client_uat: { set: [...OWN, "Domain=app.localhost"], removed: OWN },
  __refresh: { set: SECRET },
  __clerk_db_jwt: { set: OWN },
  __client: { set: SECRET },
  // They pass the result of a handshake to the app. It removes them.
  __clerk_handshake: { set: ["Path=/", "Max-Age=60", "Secure", "SameSite=Lax", "HttpOnly", "Domain=app.localhost"] },
  __clerk_handshake_nonce: { set: ["Path=/", "Max-Age=60", "Secure", "SameSite=Lax", "HttpOnly", "Domain=app.localhost"] },
  // Clerk's libraries count redirects for this URL alone, so it has no path.
  __clerk_redirect_count: { set: ["Max-Age=2", "SameSite=Lax", "HttpOnly"] },
};

const NAMES = Object.keys(RULES);

/** What is wrong with a `Set-Cookie` line, or `null`. `sameSiteNone`: whether FakeClerk sends some that Chromium refuses. */
export function cookieFault(line, sameSiteNone = false) {
  const [pair, ...attributes] = line.split(";").map((part) => part.trim());
  const [full, value] = pair.split(/=(.*)/s);
  // A suffix has 8 characters.
  const name = NAMES.find((name) => full === name || (full.startsWith(`${name}_`) && full.length === name.length + 9));
  if (!name) return `unknown cookie: ${line}`;
  const isRemoved = value === "";
  let due = RULES[name].set;
  if (isRemoved) due = (RULES[name].removed ?? due).map((attribute) => attribute.replace(/^Max-Age=.*/, "Max-Age=0"));
  const isRight = (due) => [...attributes].sort().join() === [...due].sort().join();
  const refused = due.filter((attribute) => attribute !== "Secure").map((attribute) => attribute.replace("=Lax", "=None"));
  if (isRight(due) || (sameSiteNone && isRight(refused))) return null;
  return `${full} must have ${due.join("; ")}: ${line}`;
}
