//! 022x to 024x: what realms, roles and permissions mean.

use super::codes;

codes! {
    REALMS:

    /// There is neither a realm nor a template, so no client could join anything.
    ///
    /// This is an error and no warning, because an empty file is what a full disk or an interrupted copy leaves behind: a reload of it
    /// would end all sessions.
    ///
    /// Wrong:
    ///
    /// ```toml
    ///
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// ```
    error 220 NO_REALM "no realm";

    /// Two tables have the same name: realms, templates, topics or procedures of a realm.
    ///
    /// Which of them counts could only be guessed.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    ///
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// ```
    error 221 TWICE "the same name twice";

    /// A realm has a name that a template would make too. The realm counts, and nothing of the template applies to it.
    ///
    /// That can be meant, for one tenant with rules of its own.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "tenant.a"
    /// auth = [{ anonymous = { role = "guest" } }]
    ///
    /// [[template]]
    /// names = "tenant.*"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "office"
    /// auth = [{ anonymous = { role = "guest" } }]
    ///
    /// [[template]]
    /// names = "tenant.*"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// ```
    warning 222 FITS_TEMPLATE "realm that a template would make";

    /// A realm has no way in, so nobody can join it.
    ///
    /// Nothing is open by default: who may come in is said in `auth`.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// ```
    warning 223 NO_WAY_IN "realm without a way in";

    /// No listener lets clients join this realm: each has a list `realms` without it, or opens no sessions.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// realms = ["office"]
    ///
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    ///
    /// [[realm]]
    /// name = "office"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// realms = ["office", "shop"]
    ///
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    ///
    /// [[realm]]
    /// name = "office"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// ```
    warning 224 NOT_SERVED "realm that no listener serves";

    /// A listener or a way in names a realm that there is not, and that no template would make.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// realms = ["shpo"]
    ///
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// realms = ["shop"]
    ///
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// ```
    error 225 UNKNOWN_REALM "realm that does not exist";

    /// A role is spoken of, in `role` or in `administrators`, and no way into the realm gives it to anybody.
    ///
    /// The roles that a way in gives are its `role`, its `roles`, those of the users in its file, or `anonymous` and `authenticated` by
    /// default. A web server and a procedure can give any role.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// role.gest = { allow = { "shop.*" = ["call"] } }
    /// role.guest = {}
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// role.guest = { allow = { "shop.*" = ["call"] } }
    /// ```
    warning 230 ROLE_OF_NOBODY "role that nobody can get";

    /// Somebody can get a role that is not listed. In a realm that lists roles, the others may do nothing.
    ///
    /// A role that is meant to do nothing is listed without permissions.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = {} }, { jwt = { key_file = "public.pem", role = "guest" } }]
    /// role.guest = { allow = { "shop.*" = ["call"] } }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// role.guest = { allow = { "shop.*" = ["call"] } }
    /// ```
    warning 231 ROLE_NOT_LISTED "role that may do nothing";

    /// A name has a form that nothing could ever have: a role with white space, the number of a user that is no number, a fingerprint
    /// that is none, a header with letters that headers cannot have.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ unix = { users = { joe = { role = "operator" } } } }]
    ///
    /// [[listen]]
    /// address = "unix:wamp.sock"
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ unix = { users = { 1000 = { role = "operator" } } } }]
    ///
    /// [[listen]]
    /// address = "unix:wamp.sock"
    /// ```
    error 232 BAD_NAME "name of the wrong form";

    /// The same pattern is allowed and denied for the same action. Denials win, so the permission never counts.
    ///
    /// Where patterns differ, the more specific one decides: `"shop.admin.*"` below `deny` takes something away from `"shop.*"` below
    /// `allow`.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// role.guest = { allow = { "shop.*" = ["call", "publish"] }, deny = { "shop.*" = ["publish"] } }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// role.guest = { allow = { "shop.*" = ["call", "publish"] }, deny = { "shop.admin.*" = ["publish"] } }
    /// ```
    error 240 NEVER_ALLOWED "permission that is denied as well";

    /// Registering or publishing is allowed for URIs that start with `wamp.`. They are the router's own, and every such request is
    /// refused.
    ///
    /// What can be allowed there is to call the meta API and to subscribe to its events.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// role.guest = { allow = { "wamp.session.*" = ["call", "publish"] } }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// role.guest = { allow = { "wamp.session.*" = ["call", "subscribe"] } }
    /// ```
    error 241 RESERVED_URI "permission for the router's own URIs";

    /// Something of the meta API is allowed in a realm that has switched it off (`rules.meta_api = false`), so there is nothing to
    /// call.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// rules.meta_api = false
    /// role.guest = { allow = { "wamp.session.*" = ["call"] } }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// rules.meta_api = true
    /// role.guest = { allow = { "wamp.session.*" = ["call"] } }
    /// ```
    error 242 NO_META_API "permission for a meta API that is off";

    /// `withhold` has a pattern that `allow` does not have, so it would withhold nothing.
    ///
    /// It takes the same patterns, written in the same way; a narrower one gets an entry of its own in `allow` too.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// role.guest = { allow = { "shop.*" = ["subscribe"] }, withhold = { "shop.log.*" = ["history"] } }
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// role.guest = { allow = { "shop.*" = ["subscribe"], "shop.log.*" = ["subscribe"] }, withhold = { "shop.log.*" = ["history"] } }
    /// ```
    error 243 WITHHELD_OF_NOTHING "nothing to withhold";

    /// A pattern is written where one URI is needed: a procedure that the router calls, a topic that it subscribes to.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// rules.authorizer = "shop.auth.*"
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// rules.authorizer = "shop.auth.decide"
    /// ```
    error 244 NOT_ONE_URI "pattern in place of a URI";

    /// Everybody who reaches the listener from another machine may register procedures, without proving anything.
    ///
    /// Whoever registers a procedure gets the calls of all others to it, with their arguments. In a realm without roles everybody may
    /// register.
    ///
    /// Wrong:
    ///
    /// ```toml
    /// [[listen]]
    /// address = "0.0.0.0:8080"
    /// trusted_proxies = { addresses = ["10.0.0.7"] }
    ///
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// ```
    ///
    /// Right:
    ///
    /// ```toml
    /// [[listen]]
    /// address = "0.0.0.0:8080"
    /// trusted_proxies = { addresses = ["10.0.0.7"] }
    ///
    /// [[realm]]
    /// name = "shop"
    /// auth = [{ anonymous = { role = "guest" } }]
    /// role.guest = { allow = { "shop.*" = ["call", "subscribe"] } }
    /// ```
    warning 245 STRANGERS_REGISTER "strangers can register";
}
