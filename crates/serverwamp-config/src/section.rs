//! The table of keys. One declaration of a section makes its struct, its reader, its part of the schema, of the reference page and of
//! `config explain`, and the comparison of two of its kind; so that these cannot disagree.

use crate::mistake::Mistakes;
use crate::node::{Node, Place, Value};
use crate::reading::{NodeRef, Reading, Setting};
use crate::shape::Shape;

/// A table of the file and its keys.
#[derive(Debug)]
pub struct Section {
    /// Its name, which is unique.
    pub name: &'static str,
    /// What it is, in a few sentences.
    pub text: &'static str,
    /// Whether exactly one of its keys has to be there.
    pub alternatives: bool,
    pub(crate) list: fn() -> Vec<Key>,
}

impl Section {
    /// Its keys, in the order in which they are explained.
    pub fn keys(&self) -> Vec<Key> {
        (self.list)()
    }

    /// The key of this name.
    pub fn key(&self, name: &str) -> Option<Key> {
        self.keys().into_iter().find(|key| key.name == name)
    }

    pub(crate) fn title(&self) -> String {
        format!("the keys of `{}`", self.name)
    }

    pub(crate) fn article(&self) -> String {
        format!("`{}`", self.name)
    }
}

/// One key of a section.
#[derive(Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a few sentences, with the reason of its default.
    pub text: &'static str,
    /// What it takes.
    pub shape: Shape,
    /// Its default as it would be written; `None` if it has to be there.
    pub default: Option<String>,
    /// What a reload does with it.
    pub reload: Reload,
}

/// What a reload does with a changed value.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reload {
    /// It takes effect.
    Live,
    /// It takes effect when the program is started again.
    Restart,
}

/// A section of which no key is written.
///
/// # Panics
/// When it has a key without a default.
pub(crate) fn defaults<T: Setting>() -> T {
    let place = Place::in_file(0..0);
    let node = Node { value: Value::Table(Vec::new()), place };
    let mut mistakes = Mistakes::default();
    let read = T::read(&NodeRef(&node), &mut Reading { mistakes: &mut mistakes });
    read.expect("every key has a default")
}

/// Declares sections.
///
/// ```text
/// section! {
///     /// What it is.
///     pub struct Listener: "listen" {
///         /// What the key does.
///         restart address: Address = Address::default();
///         /// A key without a default has to be there.
///         live name: RealmName;
///     }
/// }
/// ```
///
/// `by name` behind the name of the section tells the sections of a list apart by that key.
macro_rules! section {
    ($(
        $(#[doc = $text:literal])+
        pub struct $section:ident: $name:literal $(by $identity:ident)? {
            $(
                $(#[doc = $key_text:literal])+
                $reload:ident $key:ident: $type:ty $(= $default:expr)?;
            )+
        }
    )+) => {$(
        $(#[doc = $text])+
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub struct $section {
            $(
                $(#[doc = $key_text])+
                pub $key: $crate::reading::At<$type>,
            )+
        }

        impl $section {
            /// Its table of keys.
            pub const SECTION: &'static $crate::section::Section = &$crate::section::Section {
                name: $name,
                text: concat!($($text, "\n"),+),
                alternatives: false,
                list: || vec![$(
                    $crate::section::Key {
                        name: stringify!($key),
                        text: concat!($($key_text, "\n"),+),
                        shape: <$type as $crate::reading::Setting>::shape(),
                        default: $crate::section::section!(@shown $type $(, $default)?),
                        reload: $crate::section::section!(@reload $reload),
                    },
                )+],
            };
        }

        impl $crate::reading::Setting for $section {
            fn shape() -> $crate::shape::Shape {
                $crate::shape::Shape::Section(Self::SECTION)
            }

            fn read(
                node: &$crate::reading::NodeRef<'_>,
                reading: &mut $crate::reading::Reading<'_>,
            ) -> Option<Self> {
                let entries = reading.table(node, &Self::shape())?;
                reading.known_keys(entries, Self::SECTION);
                // All are read before one that is missing ends it, so that their mistakes are found too.
                $(let $key = $crate::section::section!(@read $type, node, entries, reading, $key $(, $default)?);)+
                Some(Self { $($key: $key?,)+ })
            }

            fn show(&self) -> String {
                let mut keys = Vec::new();
                $(
                    let value = $crate::reading::Setting::show(self.$key.value());
                    if self.$key.place().is_some() {
                        keys.push(format!("{} = {value}", stringify!($key)));
                    }
                )+
                if keys.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", keys.join(", ")) }
            }

            $(
                fn identity(&self) -> Option<String> {
                    Some($crate::reading::Setting::show(self.$identity.value()))
                }
            )?

            fn compare(
                &self,
                next: &Self,
                change: &$crate::changes::Change,
                changes: &mut Vec<$crate::changes::Change>,
            ) {
                $(
                    let reload = $crate::section::section!(@reload $reload);
                    $crate::reading::Setting::compare(
                        self.$key.value(),
                        next.$key.value(),
                        &change.key(stringify!($key), reload).standing(next.$key.place()),
                        changes,
                    );
                )+
            }
        }
    )+};
    (@shown $type:ty) => { None };
    (@shown $type:ty, $default:expr) => {{
        let default: $type = $default;
        Some($crate::reading::Setting::show(&default))
    }};
    (@read $type:ty, $node:ident, $entries:ident, $reading:ident, $key:ident) => {
        $reading.required::<$type>($node, $entries, stringify!($key), Self::SECTION)
    };
    (@read $type:ty, $node:ident, $entries:ident, $reading:ident, $key:ident, $default:expr) => {{
        let read = $reading.key::<$type>($entries, stringify!($key));
        Some(read.unwrap_or_else(|| $crate::reading::At::default_of($default)))
    }};
    (@reload live) => { $crate::section::Reload::Live };
    (@reload restart) => { $crate::section::Reload::Restart };
}

pub(crate) use section;
