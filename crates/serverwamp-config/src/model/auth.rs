//! `auth`: the ways into a realm.

use crate::reading::At;
use crate::section::{defaults, section};
use crate::values::{
    FilePath, Named, Number, RealmName, Secret, Text, Time, UriPattern, alternatives, choice,
};
use std::time::Duration;

choice! {
    /// A method by which a user of a file is authenticated.
    pub enum FileMethod {
        /// The password is sent as it is, and its hash stored. For TLS.
        Ticket = "ticket",
        /// WAMP-CRA.
        Cra = "wampcra",
        /// WAMP-SCRAM.
        Scram = "scram",
        /// WAMP-Cryptosign: the client signs with its key.
        Cryptosign = "cryptosign",
    }

    /// A method whose users a procedure knows.
    pub enum ProcedureMethod {
        /// The password is sent as it is.
        Ticket = "ticket",
        /// WAMP-CRA.
        Cra = "wampcra",
        /// WAMP-SCRAM.
        Scram = "scram",
        /// WAMP-Cryptosign.
        Cryptosign = "cryptosign",
        /// Nothing is proved.
        Anonymous = "anonymous",
        /// What the transport says, such as a cookie.
        Transport = "transport",
    }

    /// Whether an authentication has to be bound to the TLS connection that carries it.
    pub enum Binding {
        /// Clients that ask for it get it.
        Optional = "optional",
        /// Clients without it are refused.
        Required = "required",
    }

    /// The algorithm of a token's signature.
    pub enum Algorithm {
        /// HMAC with SHA-256.
        Hs256 = "HS256",
        /// HMAC with SHA-384.
        Hs384 = "HS384",
        /// HMAC with SHA-512.
        Hs512 = "HS512",
        /// RSA (PKCS #1 v1.5) with SHA-256.
        Rs256 = "RS256",
        /// RSA (PKCS #1 v1.5) with SHA-384.
        Rs384 = "RS384",
        /// RSA (PKCS #1 v1.5) with SHA-512.
        Rs512 = "RS512",
        /// RSA (PSS) with SHA-256.
        Ps256 = "PS256",
        /// RSA (PSS) with SHA-384.
        Ps384 = "PS384",
        /// RSA (PSS) with SHA-512.
        Ps512 = "PS512",
        /// P-256 with SHA-256.
        Es256 = "ES256",
        /// P-384 with SHA-384.
        Es384 = "ES384",
        /// Ed25519.
        EdDsa = "EdDSA",
    }
}

alternatives! {
    /// A way into a realm: exactly one of these.
    pub enum Auth: "realm.auth" {
        /// Everybody comes in, without proof.
        live anonymous: Anonymous(Anonymous),
        /// Users of a file, which `serverwamp hash` and `serverwamp keygen` write.
        live file: File(UserFile),
        /// Who has a token that somebody else has signed.
        live jwt: Jwt(Jwt),
        /// A web server decides.
        live http: Http(Hook),
        /// A procedure that a client has registered decides.
        live procedure: Procedure(ByProcedure),
        /// Who has shown a certificate.
        live certificate: Certificate(Certificate),
        /// Whom a trusted proxy names.
        live header: Header(Header),
        /// Who runs a process on this machine.
        live unix: Unix(UnixUsers),
    }
}

section! {
    /// Everybody comes in, without proof.
    pub struct Anonymous: "realm.auth.anonymous" {
        /// Their role.
        live role: Text = Text::new("anonymous");
    }

    /// Users of a file.
    pub struct UserFile: "realm.auth.file" {
        /// The file.
        live path: FilePath;
        /// The methods that are offered, in this order: those for which a user has an entry.
        live methods: Vec<At<FileMethod>> = vec![
            At::default_of(FileMethod::Cryptosign),
            At::default_of(FileMethod::Scram),
            At::default_of(FileMethod::Cra),
            At::default_of(FileMethod::Ticket),
        ];
        /// Whether SCRAM and Cryptosign have to be bound to the TLS connection. Browsers and most clients cannot.
        live channel_binding: Binding = Binding::Optional;
        /// The file with the router's own key, so that clients can prove who the router is (Cryptosign).
        live router_key: Option<FilePath> = None;
        /// The time between two looks at the file, so that a new user needs no reload.
        live look_every: Time = Duration::from_secs(5).into();
    }

    /// Tokens that somebody else has signed (JWT), as tickets or in the request's `Authorization` header.
    pub struct Jwt: "realm.auth.jwt" {
        /// The URL of the keys (JWKS).
        live jwks_url: Option<Text> = None;
        /// The file with a public key in PEM, or with keys as JWKS.
        live key_file: Option<FilePath> = None;
        /// The secret that signs (HS256 and its like): at least 32 bytes, 48 for HS384, 64 for HS512.
        live secret: Option<Secret> = None;
        /// The issuer whose keys are found by OpenID Connect: its URL.
        live discover: Option<Text> = None;
        /// The issuers of which one has to have written the token.
        live issuers: Vec<At<Text>> = Vec::new();
        /// The audiences of which the token has to name one. Without any, only tokens that name none are accepted.
        live audiences: Vec<At<Text>> = Vec::new();
        /// The algorithms that are accepted. By default those that fit the kind of the key.
        live algorithms: Vec<At<Algorithm>> = Vec::new();
        /// The claim that has the authid.
        live authid_claim: Text = Text::new("sub");
        /// The role of everybody with a token.
        live role: Text = Text::new("authenticated");
        /// The claim that has the role, in place of `role`. Needs `roles`.
        live role_claim: Option<Text> = None;
        /// The roles that a token may give: the first that it has counts, and who has none does not come in.
        live roles: Vec<At<Text>> = Vec::new();
        /// How far the issuer's clock may differ from ours.
        live leeway: Time = Duration::from_secs(60).into();
        /// Where the token is: a ticket, or the request's `Authorization` header.
        live place: TokenPlace = TokenPlace::Ticket;
        /// How keys are fetched.
        live fetch: Fetch = defaults();
    }

    /// A web server decides, by one POST for each login.
    pub struct Hook: "realm.auth.http" {
        /// The URL. `https://`, or `http://` to this machine.
        live url: Text;
        /// The headers of the client's request that it is told, such as `"cookie"`. None by default: they may contain secrets.
        live headers: Vec<At<Text>> = Vec::new();
        /// Whether it decides by these headers alone, without a ticket.
        live by_headers: bool = false;
        /// The number of requests at a time; beyond, clients are denied.
        live concurrent: Number<1, 65536> = Number::new(64);
        /// How it is asked.
        live fetch: Fetch = defaults();
    }

    /// Requests to other servers.
    pub struct Fetch: "fetch" {
        /// The time for a request: a login waits for it.
        live timeout: Time = Duration::from_secs(5).into();
        /// The file with the authorities that are trusted, in PEM. By default those of the system.
        live authorities: Option<FilePath> = None;
        /// Whether `http://` to other machines is allowed. Whoever is on the way could read tickets and change answers.
        live allow_plain_http: bool = false;
    }

    /// A procedure that a client has registered decides, as with Crossbar.io's dynamic authenticators.
    pub struct ByProcedure: "realm.auth.procedure" {
        /// The method.
        live method: ProcedureMethod;
        /// The procedure.
        live procedure: UriPattern;
        /// The realm in which it is registered. By default the one that is joined. Whoever registers it decides who comes in.
        live realm: Option<RealmName> = None;
        /// The time for an answer: a login waits for it.
        live timeout: Time = Duration::from_secs(5).into();
    }

    /// Who has shown a certificate. The listener has to ask for it, `client_certificates`.
    pub struct Certificate: "realm.auth.certificate" {
        /// The owners of certificates, by fingerprint (SHA-256, in hex).
        live fingerprints: Named<Account> = Named::none();
        /// The owners of certificates, by the common name of their subject: of all authorities that the listener trusts.
        live common_names: Named<Account> = Named::none();
    }

    /// Who somebody is: an authid and a role.
    pub struct Account: "account" {
        /// The authid. By default the name by which it was found.
        live authid: Option<Text> = None;
        /// The role.
        live role: Text;
    }

    /// Whom a trusted proxy names in a header. The proxy has to remove that header from what clients send.
    pub struct Header: "realm.auth.header" {
        /// The name of the header, such as `"x-remote-user"`.
        live name: Text;
        /// The proxies that are believed: their addresses and networks.
        live proxies: Vec<At<Text>>;
        /// The role of everybody.
        live role: Text;
    }

    /// Who runs a process on this machine, for connections to a Unix socket.
    pub struct UnixUsers: "realm.auth.unix" {
        /// The users, by number (`id -u`).
        live users: Named<Account>;
    }
}

choice! {
    /// Where a token is.
    pub enum TokenPlace {
        /// It is the ticket.
        Ticket = "ticket",
        /// It stands in the `Authorization` header of the request.
        Bearer = "bearer",
    }
}
