//! The ways into a realm: what each needs, and whether any listener leads to it.

use super::Checking;
use super::space::{Space, is_uri};
use crate::codes;
use crate::mistake::Mistake;
use crate::model::{
    Algorithm, Auth, Binding, ByProcedure, Certificate, Fetch, FileMethod, Header, Hook, Jwt, Listener,
    ProcedureMethod, TokenPlace, UnixUsers, UserFile,
};
use crate::node::Place;
use crate::reading::At;
use crate::values::Text;

impl Checking<'_> {
    pub(super) fn auths(&mut self, space: &Space<'_>) {
        let mut methods: Vec<(&'static str, Option<&Place>)> = Vec::new();
        for auth in space.auth.iter() {
            match auth.value() {
                Auth::Anonymous(_) => {}
                Auth::File(file) => self.user_file(file),
                Auth::Jwt(jwt) => self.jwt(auth, jwt),
                Auth::Http(hook) => self.hook(hook),
                Auth::Procedure(by) => self.by_procedure(by),
                Auth::Certificate(certificate) => self.certificate(auth, certificate),
                Auth::Header(header) => self.header(header),
                Auth::Unix(users) => self.unix(users),
            }
            for (method, place) in methods_of(auth) {
                match methods.iter().find(|(other, _)| *other == method) {
                    Some((_, other)) => self.method_twice(space, method, place, *other),
                    None => methods.push((method, place)),
                }
            }
            if self.doubt.knows_listeners() && self.doubt.knows(space.place) {
                self.reachable(space, auth);
            }
        }
    }

    fn method_twice(
        &mut self,
        space: &Space<'_>,
        method: &str,
        place: Option<&Place>,
        other: Option<&Place>,
    ) {
        let title = format!(
            "two ways into {} have the method {method:?}; the second would never be asked",
            space.title()
        );
        let help = if method == "anonymous" {
            "keep one of both: a client that proves nothing gets one role"
        } else {
            "keep one of both; `methods` of a file says which of its methods are offered"
        };
        let mistake = Mistake::new(&codes::METHOD_TWICE, title).at_if(place);
        self.add(mistake.related(other, "the first").help(help));
    }

    fn jwt(&mut self, auth: &At<Auth>, jwt: &Jwt) {
        let sources = [
            ("jwks_url", jwt.jwks_url.place()),
            ("key_file", jwt.key_file.place()),
            ("secret", jwt.secret.place()),
            ("discover", jwt.discover.place()),
        ];
        let mut given = sources.into_iter().filter_map(|(name, place)| Some((name, place?)));
        match (given.next(), given.next()) {
            (None, _) => {
                let title = "`jwt` has no keys: it needs one of `jwks_url`, `key_file`, `secret`, `discover`";
                let mistake = Mistake::new(&codes::JWT_KEYS, title).at_if(auth.place());
                self.add(mistake.help("tokens are checked with the keys of those who sign them"));
            }
            (Some((first, first_place)), Some((second, place))) => {
                let title = format!("`jwt` has keys from `{first}` and `{second}`: it takes one of both");
                let mistake = Mistake::new(&codes::JWT_KEYS, title).at(place.clone());
                self.add(
                    mistake.related(Some(first_place), "the first").help("write a `jwt` of its own for each"),
                );
            }
            (Some(_), None) => {}
        }
        match (jwt.role_claim.place(), jwt.roles.is_empty()) {
            (Some(place), true) => self.together("role_claim", "roles", place),
            (None, false) => {
                let title = "`roles` has no effect without `role_claim`";
                self.no_effect(
                    jwt.roles.place(),
                    title,
                    "name the claim that has the role, or write `role` alone",
                );
            }
            (Some(_), false) => {
                let title = "`role` has no effect beside `role_claim`";
                self.no_effect(
                    jwt.role.place(),
                    title,
                    "who has none of `roles` does not come in: leave `role` out",
                );
            }
            (None, true) => {}
        }
        for url in [&jwt.jwks_url, &jwt.discover] {
            self.url(url.value().as_ref(), url.place(), &jwt.fetch);
        }
        self.issuers(jwt);
        self.algorithms(jwt);
        self.fetching(&jwt.fetch, jwt.jwks_url.is_some() || jwt.discover.is_some());
        self.jwt_files(jwt);
    }

    fn issuers(&mut self, jwt: &Jwt) {
        let Some(discovered) = jwt.discover.value() else { return };
        let plain = |url: &Text| url.as_str().trim_end_matches('/').to_owned();
        if !jwt.issuers.is_empty() && !jwt.issuers.iter().any(|issuer| plain(issuer) == plain(discovered)) {
            let title =
                format!("tokens of {:?} are refused: it is not among the issuers", discovered.as_str());
            let mistake = Mistake::new(&codes::OTHER_ISSUERS, title).at_if(jwt.issuers.place());
            self.add(
                mistake
                    .related(jwt.discover.place(), "whose keys are used")
                    .help("leave `issuers` out: with `discover` that issuer is the only one"),
            );
        }
    }

    fn algorithms(&mut self, jwt: &Jwt) {
        let symmetric = |algorithm: Algorithm| {
            matches!(algorithm, Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512)
        };
        let shared = jwt.secret.place().is_some();
        for algorithm in jwt.algorithms.iter().filter(|one| symmetric(*one.value()) != shared) {
            let word = algorithm.word();
            let title = if shared {
                format!("no secret signs with {word}: that takes a key pair")
            } else {
                format!("no public key checks {word}: that takes a secret")
            };
            let mistake = Mistake::new(&codes::OTHER_ALGORITHM, title).at_if(algorithm.place());
            self.add(mistake.help("leave `algorithms` out: those that fit the keys are accepted then"));
        }
    }

    fn hook(&mut self, hook: &Hook) {
        self.url(Some(&hook.url), hook.url.place(), &hook.fetch);
        for name in hook.headers.iter() {
            self.header_name(name);
        }
        if let (true, true, Some(place)) =
            (*hook.by_headers, hook.headers.is_empty(), hook.by_headers.place())
        {
            self.together("by_headers", "headers", place);
        }
        self.fetching(&hook.fetch, true);
    }

    fn by_procedure(&mut self, by: &ByProcedure) {
        if !is_uri(&by.procedure) {
            self.not_one_uri(&by.procedure, by.procedure.place());
        }
        if let Some(realm) = by.realm.value() {
            let title = |name: &str| {
                format!("the procedure is to be registered in the realm {name:?}, and there is none")
            };
            self.known_realm(realm.as_str(), by.realm.place(), title);
        }
    }

    fn certificate(&mut self, auth: &At<Auth>, certificate: &Certificate) {
        if certificate.fingerprints.is_empty() && certificate.common_names.is_empty() {
            let title = "`certificate` names nobody, so it lets nobody in";
            let mistake = Mistake::new(&codes::EMPTY, title).at_if(auth.place());
            self.add(mistake.help("list owners by `fingerprints` or by `common_names`"));
        }
        for (print, owner) in certificate.fingerprints.iter() {
            let digits = print.bytes().filter(u8::is_ascii_hexdigit).count();
            let others = print.bytes().any(|byte| !byte.is_ascii_hexdigit() && byte != b':');
            if digits != 64 || others {
                let title = format!("{print:?} is no fingerprint: expected 64 hex digits, those of SHA-256");
                let mistake = Mistake::new(&codes::BAD_NAME, title).at_if(owner.place());
                self.add(mistake.help("`openssl x509 -in FILE -noout -fingerprint -sha256` prints it"));
            }
        }
    }

    fn header(&mut self, header: &Header) {
        self.header_name(&header.name);
        self.proxies(&header.proxies);
    }

    fn header_name(&mut self, name: &At<Text>) {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if !name.as_str().bytes().all(allowed) {
            let title = format!("{:?} is no name of a header", name.as_str());
            self.add(
                Mistake::new(&codes::BAD_NAME, title)
                    .at_if(name.place())
                    .help("write it as in \"x-remote-user\""),
            );
        }
    }

    fn unix(&mut self, users: &UnixUsers) {
        if users.users.is_empty() {
            let title = "`unix` names nobody, so it lets nobody in";
            let mistake = Mistake::new(&codes::EMPTY, title).at_if(users.users.place());
            self.add(mistake.help("list users by number: `users = { 1000 = { role = \"operator\" } }`"));
        }
        for (number, owner) in users.users.iter().filter(|(number, _)| number.parse::<u32>().is_err()) {
            let title = format!("{number:?} is no number of a user");
            let mistake = Mistake::new(&codes::BAD_NAME, title).at_if(owner.place());
            self.add(mistake.help(format!("`id -u {number}` prints it")));
        }
    }

    /// An address that is asked.
    fn url(&mut self, url: Option<&Text>, place: Option<&Place>, fetch: &Fetch) {
        let Some(why) = url.and_then(|url| wrong_url(url.as_str(), *fetch.allow_plain_http)) else { return };
        // What is behind `?` and before `@` may be a secret.
        let mistake = Mistake::new(&codes::BAD_URL, why).at_if(place);
        let secret = url.is_some_and(|url| url.as_str().contains('@'));
        self.add(if secret { mistake.hide_line() } else { mistake });
    }

    fn fetching(&mut self, fetch: &At<Fetch>, is_used: bool) {
        if is_used {
            self.authorities(fetch.authorities.value().as_ref(), fetch.authorities.place());
        } else {
            let title = "`fetch` has no effect: nothing is fetched";
            self.no_effect(
                fetch.place(),
                title,
                "it is for keys that are fetched by `jwks_url` or `discover`",
            );
        }
    }

    /// Whether clients at any listener can use this way.
    fn reachable(&mut self, space: &Space<'_>, auth: &At<Auth>) {
        let listeners = self.config.placed_listeners();
        let serving: Vec<&At<Listener>> =
            listeners.iter().filter(|listener| space.is_served_by(listener)).collect();
        let any = |fits: &dyn Fn(&Listener) -> bool| serving.iter().any(|listener| fits(listener));
        // Without `[[listen]]` there is one, for WebSocket and RawSocket without TLS. One that serves nothing has been told of.
        let none = listeners.is_empty();
        if serving.is_empty() && !none {
            return;
        }
        let asks =
            |listener: &Listener| listener.tls.as_ref().is_some_and(|tls| tls.client_certificates.is_some());
        let (what, help) = match auth.value() {
            Auth::Certificate(_) if !any(&asks) => (
                "asks for certificates",
                "set `client_certificates` and `client_authorities` in `tls` of a listener",
            ),
            Auth::Unix(_) if !any(&Listener::is_unix) => {
                ("is at a Unix socket", "add one: `address = \"unix:/run/serverwamp/wamp.sock\"`")
            }
            Auth::File(file)
                if *file.channel_binding == Binding::Required && !any(&|one| one.tls.is_some()) =>
            {
                ("has TLS to bind to", "add `tls` to a listener, or leave `channel_binding` out")
            }
            _ if needs_requests(auth) && !none && !any(&Listener::has_requests) => {
                ("has requests of HTTP", "serve \"websocket\" or \"long-poll\" at a listener")
            }
            _ => return,
        };
        let title = format!("`{}` lets nobody into {}: no listener {what}", auth.word(), space.title());
        self.add(Mistake::new(&codes::UNREACHABLE_AUTH, title).at_if(auth.place()).help(help));
    }

    fn user_file(&mut self, file: &UserFile) {
        if file.methods.is_empty() {
            let title = "`methods` is an empty list, so nobody could come in";
            let mistake = Mistake::new(&codes::EMPTY, title).at_if(file.methods.place());
            self.add(mistake.help("leave `methods` out for all there are"));
        }
        let has = |wanted| file.methods.iter().any(|method| *method.value() == wanted);
        if !has(FileMethod::Cryptosign) {
            let title = "`router_key` has no effect without the method \"cryptosign\"";
            self.no_effect(file.router_key.place(), title, "add \"cryptosign\" to `methods`");
        }
        if *file.channel_binding == Binding::Required
            && !has(FileMethod::Cryptosign)
            && !has(FileMethod::Scram)
        {
            let title = "`channel_binding` has no effect without the methods \"cryptosign\" and \"scram\"";
            self.no_effect(file.channel_binding.place(), title, "the other methods cannot be bound");
        }
        self.credentials(file);
    }
}

/// The methods by which clients ask for this way. Those that look at the transport may be there several times.
fn methods_of(auth: &At<Auth>) -> Vec<(&'static str, Option<&Place>)> {
    let place = auth.place();
    match auth.value() {
        Auth::Anonymous(_) => vec![("anonymous", place)],
        Auth::File(file) => {
            file.methods.iter().map(|method| (method.word(), method.place().or(place))).collect()
        }
        Auth::Jwt(jwt) if *jwt.place == TokenPlace::Ticket => vec![("ticket", place)],
        Auth::Http(hook) if !*hook.by_headers => vec![("ticket", place)],
        Auth::Procedure(by) if *by.method != ProcedureMethod::Transport => {
            vec![(by.method.word(), by.method.place().or(place))]
        }
        _ => Vec::new(),
    }
}

/// Whether it looks at the request that opened the transport.
fn needs_requests(auth: &Auth) -> bool {
    match auth {
        Auth::Header(_) => true,
        Auth::Jwt(jwt) => *jwt.place == TokenPlace::Bearer,
        Auth::Http(hook) => *hook.by_headers,
        _ => false,
    }
}

/// Why an address cannot be asked.
fn wrong_url(url: &str, plain_http: bool) -> Option<String> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Some("the address has no scheme, expected https://HOST/PATH".to_owned());
    };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.contains('@') {
        return Some("the address has a password in it, which does not belong into this file".to_owned());
    }
    let host = authority.rsplit_once(':').map_or(authority, |(host, _)| host);
    if host.is_empty() || url.contains(|letter: char| letter.is_whitespace() || letter.is_control()) {
        return Some("the address names no host, expected https://HOST/PATH".to_owned());
    }
    let here = matches!(authority, "[::1]") || matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    match scheme {
        "https" => None,
        "http" if here || plain_http => None,
        "http" => Some(format!(
            "whoever is between here and {host} could read and change what is sent: write https://, or allow it where the network is trusted, fetch.allow_plain_http = true"
        )),
        other => Some(format!("{other}:// is not asked, expected https://")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_secure_or_of_this_machine() {
        for right in [
            "https://a.example/x?y",
            "http://localhost:80/",
            "http://127.0.0.1",
            "http://[::1]:8000/",
            "http://[::1]",
        ] {
            assert_eq!(wrong_url(right, false), None, "{right}");
        }
        for wrong in [
            "a.example",
            "http://a.example",
            "https://",
            "https:///x",
            "ftp://a.example",
            "https://a b/",
            "https://joe:secret@a.example/",
        ] {
            let why = wrong_url(wrong, false).unwrap_or_default();
            assert!(!why.is_empty() && !why.contains("secret"), "{wrong}: {why}");
        }
        assert_eq!(wrong_url("http://a.example", true), None);
    }
}
