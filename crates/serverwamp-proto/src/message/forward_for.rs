//! `forward_for`: the sessions on whose behalf a CALL or a PUBLISH is made, the first one first.
//!
//! Not of the specification: Crossbar.io and Autobahn have it, for links between routers. Nobody proves any of it.

use std::ops::Deref;
use std::sync::Arc;

use super::attributes::{Attribute, AttributeValue};
use super::dictionary::Source;
use super::values::read_id;
use super::violation::{Fault, kind_name};
use crate::codec::{DictReader, EncodeError, Kind, ListReader, Serializer, Writer};
use crate::footprint::{allocation, shared};
use crate::id::SessionId;

const EXPECTED: &str = "a list of dictionaries with session, authid and authrole";

/// A session on whose behalf something is called or published, or that has passed it on.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Forwarder {
    session: SessionId,
    authid: Box<str>,
    authrole: Box<str>,
}

impl Forwarder {
    /// A session of some router, with who it is there.
    pub fn new(session: SessionId, authid: impl Into<Box<str>>, authrole: impl Into<Box<str>>) -> Self {
        Self { session, authid: authid.into(), authrole: authrole.into() }
    }

    /// Its id, at whichever router it was.
    pub const fn session(&self) -> SessionId {
        self.session
    }

    /// Its authid there.
    pub const fn authid(&self) -> &str {
        &self.authid
    }

    /// Its role there.
    pub const fn authrole(&self) -> &str {
        &self.authrole
    }

    /// The bytes of its texts.
    const fn text(&self) -> usize {
        self.authid.len() + self.authrole.len()
    }
}

/// The list of them, which travels unchanged from CALL to INVOCATION and from PUBLISH to EVENT. A copy shares its memory.
///
/// ```
/// use serverwamp_proto::id::SessionId;
/// use serverwamp_proto::message::{ForwardFor, Forwarder};
///
/// let session = SessionId::new(7).ok_or("no id")?;
/// let list: ForwardFor = [Forwarder::new(session, "joe", "user")].into_iter().collect();
/// assert_eq!((list.len(), list[0].authid()), (1, "joe"));
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ForwardFor(Arc<Vec<Forwarder>>);

impl ForwardFor {
    /// The bytes of all authids and roles.
    pub fn text(&self) -> usize {
        self.0.iter().map(Forwarder::text).sum()
    }

    /// The bytes of memory that it takes, if nobody shares it.
    pub fn bytes(&self) -> usize {
        let texts = self.0.iter().map(|one| allocation(one.authid.len()) + allocation(one.authrole.len()));
        shared(size_of::<Vec<Forwarder>>())
            + allocation(self.0.capacity() * size_of::<Forwarder>())
            + texts.sum::<usize>()
    }
}

impl Deref for ForwardFor {
    type Target = [Forwarder];

    fn deref(&self) -> &[Forwarder] {
        &self.0
    }
}

impl FromIterator<Forwarder> for ForwardFor {
    fn from_iter<I: IntoIterator<Item = Forwarder>>(forwarders: I) -> Self {
        Self(Arc::new(forwarders.into_iter().collect()))
    }
}

impl AttributeValue for Option<ForwardFor> {
    fn is_default(&self) -> bool {
        self.is_none()
    }

    fn write(&self, writer: &mut Writer<'_>, _: Serializer) -> Result<(), EncodeError> {
        let Some(list) = self else { return Ok(()) };
        writer.list(list.len());
        for Forwarder { session, authid, authrole } in list.iter() {
            writer.dict(3);
            writer.key("session");
            writer.unsigned(session.get());
            writer.key("authid");
            writer.text(authid);
            writer.key("authrole");
            writer.text(authrole);
            writer.end();
        }
        writer.end();
        Ok(())
    }
}

impl<'a> Attribute<'a> for Option<ForwardFor> {
    const EXPECTED: &'static str = EXPECTED;
    const KIND: Kind = Kind::List;

    /// Reads all of it, which is no more than is read of all attributes: there are no lists of thousands to be had.
    fn read(dict: &mut DictReader<'a>, source: &Source<'a>) -> Result<Self, Fault> {
        source.within(dict, |dict| {
            let mut list = dict.elements()?;
            let mut forwarders = Vec::new();
            while let Some(kind) = list.peek()? {
                if kind != Kind::Dict {
                    return Err(wrong(format!("a list with a {}", kind_name(kind))));
                }
                forwarders.push(read_one(&mut list)?);
            }
            dict.behind(list)?;
            forwarders.shrink_to_fit();
            Ok(Some(ForwardFor(Arc::new(forwarders))))
        })
    }
}

/// Reads one entry; what else stands in it is passed over.
fn read_one(list: &mut ListReader<'_>) -> Result<Forwarder, Fault> {
    let mut entry = list.entries()?;
    let (mut session, mut authid, mut authrole) = (None, None, None);
    while let Some(key) = entry.key()? {
        let text = match &*key {
            "session" => {
                of_kind(&mut entry, "session", Kind::Integer)?;
                session = Some(read_id(&mut entry)?);
                continue;
            }
            "authid" => &mut authid,
            "authrole" => &mut authrole,
            _ => continue,
        };
        of_kind(&mut entry, &key, Kind::Text)?;
        *text = Some(Box::from(entry.text()?));
    }
    list.behind(entry);
    let missing = |key| wrong(format!("an entry without {key}"));
    Ok(Forwarder {
        session: session.ok_or_else(|| missing("session"))?,
        authid: authid.ok_or_else(|| missing("authid"))?,
        authrole: authrole.ok_or_else(|| missing("authrole"))?,
    })
}

fn of_kind(entry: &mut DictReader<'_>, key: &str, expected: Kind) -> Result<(), Fault> {
    match entry.peek()? {
        kind if kind == expected => Ok(()),
        kind => Err(wrong(format!("an entry with a {} as {key}", kind_name(kind)))),
    }
}

#[cold]
fn wrong(got: String) -> Fault {
    Fault::Wrong { expected: EXPECTED, got: got.into() }
}
