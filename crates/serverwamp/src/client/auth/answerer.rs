//! The authentication of one connection.

use super::cra;
use super::login::{ClientMethod, Login};
#[cfg(any(feature = "cryptosign", feature = "scram"))]
use super::proofs::Proofs;
use serverwamp_proto::auth::channel::ChannelId;
use serverwamp_proto::codec::{Dict, Serializer};
use serverwamp_proto::message::{Challenge, Encoded, HelloDetails, WelcomeDetails};

/// The most challenges of one connection: a realm that wants several proofs asks for each once.
const MOST_CHALLENGES: u32 = 16;

/// The longest `CHALLENGE.Extra`, in bytes, as the longest HELLO that servers take: some texts and numbers are in it.
const LONGEST_EXTRA: usize = 64 << 10;

/// The offer of one connection in HELLO, and its answers to challenges.
#[derive(Debug)]
pub(in crate::client) struct Answerer {
    login: Login,
    /// The number of challenges so far.
    challenges: u32,
    #[cfg(any(feature = "cryptosign", feature = "scram"))]
    proofs: Proofs,
}

/// The content of AUTHENTICATE. It has no `Debug`, because a ticket is in it as it is.
pub(in crate::client) struct AnswerToChallenge {
    pub(in crate::client) signature: String,
    pub(in crate::client) extra: Encoded,
}

/// The answer to a challenge.
pub(in crate::client) enum ChallengeAnswer {
    /// The answer itself.
    Now(AnswerToChallenge),
    /// A password has to be hashed first, which takes long.
    Slow(Box<dyn FnOnce() -> Result<AnswerToChallenge, String> + Send>),
}

impl Answerer {
    /// The authentication of a connection with this channel binding, if it has one.
    ///
    /// # Errors
    /// The fault of the login, or of the connection for it.
    pub(in crate::client) fn new(login: Login, channel: Option<ChannelId>) -> Result<Self, String> {
        login.check(login.bound)?;
        if login.bound && channel.is_none() {
            let text = "the login is bound to TLS, and the connection has nothing to bind it to, which TLS 1.3 has, and TLS 1.2 with an extended master secret: connect to wss:// or rss://";
            return Err(text.to_owned());
        }
        Ok(Self {
            #[cfg(any(feature = "cryptosign", feature = "scram"))]
            proofs: Proofs::new(&login, channel.filter(|_| login.bound))?,
            login,
            challenges: 0,
        })
    }

    /// Writes the offer into HELLO. Without a method none are named: then a router looks at the transport first, and takes who it does
    /// not know for anonymous.
    pub(in crate::client) fn offer(&self, serializer: Serializer, details: &mut HelloDetails) {
        let Login { authid, role, methods, .. } = &self.login;
        details.authid.clone_from(authid);
        details.authrole.clone_from(role);
        let names: Vec<String> = methods.iter().map(|method| method.name().to_owned()).collect();
        details.authmethods = Some(names).filter(|names| !names.is_empty());
        let extra = self.extra();
        // A dictionary of texts can be encoded by every serializer.
        details.authextra = Some(extra)
            .filter(|extra| !extra.is_empty())
            .and_then(|extra| Encoded::new(serializer, &extra).ok());
    }

    #[cfg(any(feature = "cryptosign", feature = "scram"))]
    fn extra(&self) -> Dict {
        self.proofs.hello()
    }

    #[cfg(not(any(feature = "cryptosign", feature = "scram")))]
    fn extra(&self) -> Dict {
        Dict::new()
    }

    /// The answer to a challenge.
    ///
    /// # Errors
    /// Why there is none.
    pub(in crate::client) fn answer(
        &mut self,
        serializer: Serializer,
        challenge: &Challenge<'_>,
    ) -> Result<ChallengeAnswer, String> {
        self.challenges += 1;
        if self.challenges > MOST_CHALLENGES {
            return Err(format!("it is the {}th in a row, more than {MOST_CHALLENGES}", self.challenges));
        }
        let size = challenge.extra.bytes().len();
        if size > LONGEST_EXTRA {
            return Err(format!("its extra has {size} bytes, more than {LONGEST_EXTRA}"));
        }
        let asked = &*challenge.method;
        let Some(method) = self.login.methods.iter().find(|method| method.name() == asked) else {
            return Err(self.not_offered());
        };
        match method {
            ClientMethod::Ticket(ticket) => {
                let signature = std::str::from_utf8(ticket.expose())
                    .map_err(|_| "the ticket is not UTF-8, which AUTHENTICATE requires".to_owned())?;
                Ok(ChallengeAnswer::Now(AnswerToChallenge::plain(serializer, signature.to_owned())))
            }
            ClientMethod::Cra(secret) => {
                let (secret, extra) = (secret.clone(), challenge.extra.clone());
                Ok(ChallengeAnswer::Slow(Box::new(move || {
                    cra::sign(&secret, &extra)
                        .map(|signature| AnswerToChallenge::plain(serializer, signature))
                })))
            }
            #[cfg(feature = "scram")]
            ClientMethod::Scram { password, .. } => {
                self.proofs.answer_scram(serializer, password.clone(), &challenge.extra)
            }
            #[cfg(feature = "cryptosign")]
            ClientMethod::Cryptosign(key) => {
                let router = self.login.router_key.as_ref();
                let signature = self.proofs.answer_cryptosign(key, &challenge.extra, router)?;
                Ok(ChallengeAnswer::Now(AnswerToChallenge::plain(serializer, signature)))
            }
            ClientMethod::Unchallenged(name) => {
                Err(format!("the client offered {name} as a method that asks nothing of it"))
            }
        }
    }

    fn not_offered(&self) -> String {
        let names: Vec<&str> = self.login.methods.iter().map(ClientMethod::name).collect();
        match &*names {
            [] => "this client offers none: add `.ticket(..)` or `.login(..)`".to_owned(),
            [name] => format!("the client offered {name} alone"),
            names => format!("the client offered {}", names.join(", ")),
        }
    }

    /// Checks what the router has to prove.
    ///
    /// # Errors
    /// Why it has not.
    pub(in crate::client) fn check_welcome(&self, details: &WelcomeDetails) -> Result<(), String> {
        #[cfg(feature = "scram")]
        self.proofs.check_welcome(&self.login, details)?;
        #[cfg(feature = "cryptosign")]
        self.proofs.check_router_key(&self.login)?;
        #[cfg(not(feature = "scram"))]
        let _ = details;
        Ok(())
    }
}

impl AnswerToChallenge {
    fn plain(serializer: Serializer, signature: String) -> Self {
        Self { signature, extra: Encoded::empty_dict(serializer) }
    }
}
