// What FakeClerk starts each case with. It is the same for both apps.

/** The seed of an instance: `{ production, handshake }`. `settings` replace settings of its Frontend API. */
export function seedOf(instance, settings = {}) {
  return {
    production: instance.production,
    users: ["user_demo", "user_guest"],
    organizations: [{ id: "org_demo" }, { id: "org_members", role: "org:member" }],
    frontend: { handshake: instance.handshake, ...settings },
  };
}
