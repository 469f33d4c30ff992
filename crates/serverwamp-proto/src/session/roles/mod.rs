//! Roles and features: those that a client announced in HELLO, those that the router announces in WELCOME.
//!
//! A feature counts only if its value is `true`; names nobody knows are ignored, and the two features that exist under
//! several names are understood under each. Spec: basic, "Role and Feature Announcement"; advanced, "Features".

use crate::codec::{DecodeError, DictReader, Kind, Serializer, Writer};
use crate::message::{Encoded, Violation};

macro_rules! features {
    ($($(#[$doc:meta])* $variant:ident $field:ident [$($name:literal)+] $broker:literal $dealer:literal;)*) => {
        /// A feature of the advanced profile.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[non_exhaustive]
        pub enum Feature {
            $($(#[$doc])* $variant,)*
        }

        impl Feature {
            /// All features, in the order of the specification's table.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name under which the feature is announced.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => first(&[$($name,)+]),)* }
            }

            fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($($name)|+ => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }

        /// The features a router has; WELCOME announces exactly those that are true.
        #[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
        pub struct RouterFeatures {
            $($(#[$doc])* pub $field: bool,)*
        }

        impl RouterFeatures {
            /// A router of the basic profile: nothing to announce.
            pub const NONE: Self = Self { $($field: false,)* };

            fn broker(&self) -> impl Iterator<Item = Feature> {
                [$(($broker && self.$field, Feature::$variant),)*].into_iter().filter(|(on, _)| *on).map(|(_, f)| f)
            }

            fn dealer(&self) -> impl Iterator<Item = Feature> {
                [$(($dealer && self.$field, Feature::$variant),)*].into_iter().filter(|(on, _)| *on).map(|(_, f)| f)
            }
        }
    };
}

const fn first(names: &[&'static str]) -> &'static str {
    names[0]
}

// The two flags say whether a broker and whether a dealer announces the feature.
features! {
    /// Publishers are disclosed.
    PublisherIdentification publisher_identification ["publisher_identification"] true false;
    /// Publishers may receive their own events.
    PublisherExclusion publisher_exclusion ["publisher_exclusion"] true false;
    /// Publications may name who receives them.
    SubscriberBlackwhiteListing subscriber_blackwhite_listing ["subscriber_blackwhite_listing"] true false;
    /// Subscriptions may be prefixes and wildcards.
    PatternBasedSubscription pattern_based_subscription ["pattern_based_subscription"] true false;
    /// Events say how far their publisher is trusted.
    PublicationTrustlevels publication_trustlevels ["publication_trustlevels"] true false;
    /// The subscription meta API.
    SubscriptionMetaApi subscription_meta_api ["subscription_meta_api"] true false;
    /// The router may take subscriptions away.
    SubscriptionRevocation subscription_revocation ["subscription_revocation"] true false;
    /// Past events can be asked for.
    EventHistory event_history ["event_history"] true false;
    /// The last event of a topic may be kept for later subscribers.
    EventRetention event_retention ["event_retention"] true false;
    /// Subscriptions may be shared out by a key.
    ShardedSubscription sharded_subscription ["sharded_subscription" "shareded_subscriptions"] true false;
    /// The session meta API; broker and dealer announce it together.
    SessionMetaApi session_meta_api ["session_meta_api"] true true;
    /// Callers are disclosed.
    CallerIdentification caller_identification ["caller_identification"] false true;
    /// Registrations may be prefixes and wildcards.
    PatternBasedRegistration pattern_based_registration ["pattern_based_registration"] false true;
    /// Several callees may share a registration.
    SharedRegistration shared_registration ["shared_registration"] false true;
    /// Registrations may be shared out by a key.
    ShardedRegistration sharded_registration ["sharded_registration"] false true;
    /// The registration meta API.
    RegistrationMetaApi registration_meta_api ["registration_meta_api"] false true;
    /// The router may take registrations away.
    RegistrationRevocation registration_revocation ["registration_revocation"] false true;
    /// Sessions may leave events to publish when they end.
    TestamentMetaApi testament_meta_api ["testament_meta_api"] false true;
    /// Calls may have several results.
    ProgressiveCallResults progressive_call_results ["progressive_call_results"] false true;
    /// Calls may have several inputs.
    ProgressiveCallInvocations progressive_call_invocations
        ["progressive_call_invocations" "progressive_calls"] false true;
    /// Calls may be canceled.
    CallCanceling call_canceling ["call_canceling" "call_cancelling"] false true;
    /// Calls may time out.
    CallTimeout call_timeout ["call_timeout"] false true;
    /// Invocations say how far their caller is trusted.
    CallTrustlevels call_trustlevels ["call_trustlevels"] false true;
    /// A call that one callee cannot take goes to another.
    CallReroute call_reroute ["call_reroute"] false true;
    /// Payloads may be opaque to the router.
    PayloadPassthruMode payload_passthru_mode ["payload_passthru_mode" "payload_transparency"] true true;
}

/// The features a client announced for one role.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Features(u32);

impl Features {
    /// Returns whether the client announced the feature.
    pub const fn has(self, feature: Feature) -> bool {
        self.0 & (1 << feature as u32) != 0
    }

    /// These features and one more.
    #[must_use]
    pub const fn with(self, feature: Feature) -> Self {
        Self(self.0 | 1 << feature as u32)
    }
}

/// The roles a client announced, each with its features.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct ClientRoles {
    /// The client publishes.
    pub publisher: Option<Features>,
    /// The client subscribes.
    pub subscriber: Option<Features>,
    /// The client calls.
    pub caller: Option<Features>,
    /// The client is called.
    pub callee: Option<Features>,
}

/// The roles a router announced, each with its features.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct RouterRoles {
    /// The router has a broker.
    pub broker: Option<Features>,
    /// The router has a dealer.
    pub dealer: Option<Features>,
}

impl Feature {
    /// The feature that a router announces by this name. Crossbar.io's `payload_transparency` is another one than the passthru mode: it
    /// drops the attributes of the mode, and so hands packed bytes out as if they were plain.
    fn of_router(name: &str) -> Option<Self> {
        Self::from_name(name)
            .filter(|feature| *feature != Self::PayloadPassthruMode || name == feature.name())
    }
}

impl RouterRoles {
    /// Reads `WELCOME.Details.roles`. Unknown roles are ignored; a router without roles has none.
    ///
    /// # Errors
    /// When a known role is not a dictionary.
    pub fn read(roles: Option<&Encoded>) -> Result<Self, Violation> {
        let Some(roles) = roles else { return Ok(Self::default()) };
        let mut read = Self::default();
        read_roles("WELCOME", roles, &mut read, Self::role_mut, Feature::of_router)?;
        Ok(read)
    }

    fn role_mut(&mut self, name: &str) -> Option<&mut Option<Features>> {
        match name {
            "broker" => Some(&mut self.broker),
            "dealer" => Some(&mut self.dealer),
            _ => None,
        }
    }
}

impl ClientRoles {
    /// Reads `HELLO.Details.roles`. Role names nobody knows are ignored as long as a known one is there.
    ///
    /// # Errors
    /// When the roles are absent, none of them is known, or a known one is not a dictionary.
    pub fn read(roles: Option<&Encoded>) -> Result<Self, Violation> {
        let Some(roles) = roles else { return Err(Violation::new("HELLO: Details.roles is missing")) };
        let mut read = Self::default();
        read_roles("HELLO", roles, &mut read, Self::role_mut, Feature::from_name)?;
        match read == Self::default() {
            true => Err(Violation::new(
                "HELLO: Details.roles must name publisher, subscriber, caller or callee at least",
            )),
            false => Ok(read),
        }
    }

    /// Writes roles as HELLO carries them.
    pub fn encode(&self, serializer: Serializer) -> Encoded {
        Encoded::written(serializer, |writer| {
            let all = [
                ("publisher", self.publisher),
                ("subscriber", self.subscriber),
                ("caller", self.caller),
                ("callee", self.callee),
            ];
            writer.dict(all.iter().filter(|(_, features)| features.is_some()).count());
            for (name, features) in all {
                if let Some(features) = features {
                    writer.key(name);
                    let known = Feature::ALL.iter().copied().filter(|feature| features.has(*feature));
                    write_role(writer, known);
                }
            }
            writer.end();
        })
    }

    fn role_mut(&mut self, name: &str) -> Option<&mut Option<Features>> {
        match name {
            "publisher" => Some(&mut self.publisher),
            "subscriber" => Some(&mut self.subscriber),
            "caller" => Some(&mut self.caller),
            "callee" => Some(&mut self.callee),
            _ => None,
        }
    }
}

impl RouterFeatures {
    /// Writes the roles of a router that is broker and dealer, as `WELCOME.Details.roles` carries them.
    ///
    /// Progressive calls cannot be announced without canceling, so canceling is announced along with them.
    pub fn encode(&self, serializer: Serializer) -> Encoded {
        let progressive = self.progressive_call_results || self.progressive_call_invocations;
        let announced = Self { call_canceling: self.call_canceling || progressive, ..*self };
        Encoded::written(serializer, |writer| {
            writer.dict(2);
            writer.key("broker");
            write_role(writer, announced.broker());
            writer.key("dealer");
            write_role(writer, announced.dealer());
            writer.end();
        })
    }
}

fn write_role(writer: &mut Writer<'_>, features: impl Iterator<Item = Feature>) {
    let features: Vec<Feature> = features.collect();
    writer.dict(usize::from(!features.is_empty()));
    if !features.is_empty() {
        writer.key("features");
        writer.dict(features.len());
        for feature in features {
            writer.key(feature.name());
            writer.boolean(true);
        }
        writer.end();
    }
    writer.end();
}

/// Reads a dictionary of roles into those that `role` knows by name.
fn read_roles<R>(
    message: &str,
    roles: &Encoded,
    read: &mut R,
    role: for<'a> fn(&'a mut R, &str) -> Option<&'a mut Option<Features>>,
    feature: fn(&str) -> Option<Feature>,
) -> Result<(), Violation> {
    let malformed =
        |error: DecodeError| Violation::new(format!("{message}: Details.roles is malformed: {error}"));
    let mut dict = DictReader::open(roles.serializer(), roles.bytes()).map_err(malformed)?;
    while let Some(name) = dict.key().map_err(malformed)? {
        let kind = dict.peek().map_err(malformed)?;
        let value = dict.raw().map_err(malformed)?;
        let Some(known) = role(read, &name) else { continue };
        if kind != Kind::Dict {
            return Err(Violation::new(format!("{message}: Details.roles.{name} must be a dictionary")));
        }
        *known = Some(read_features(roles.serializer(), value, feature).map_err(malformed)?);
    }
    Ok(())
}

fn read_features(
    serializer: Serializer,
    role: &[u8],
    feature: fn(&str) -> Option<Feature>,
) -> Result<Features, DecodeError> {
    let mut features = Features::default();
    let mut role = DictReader::open(serializer, role)?;
    while let Some(key) = role.key()? {
        let kind = role.peek()?;
        let value = role.raw()?;
        if key != "features" || kind != Kind::Dict {
            continue;
        }
        let mut announced = DictReader::open(serializer, value)?;
        while let Some(name) = announced.key()? {
            if announced.peek()? != Kind::Boolean {
                announced.raw()?;
            } else if let (true, Some(feature)) = (announced.boolean()?, feature(&name)) {
                features = features.with(feature);
            }
        }
    }
    Ok(features)
}

#[cfg(test)]
mod tests;
