//! Words of which one is chosen, and tables of which one key is.

/// Declares an enum whose variants are words.
macro_rules! choice {
    ($(
        $(#[doc = $doc:literal])+
        pub enum $name:ident { $($(#[doc = $word_doc:literal])+ $variant:ident = $word:literal,)+ }
    )+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        pub enum $name { $($(#[doc = $word_doc])+ $variant,)+ }

        impl $name {
            const WORDS: &'static [&'static str] = &[$($word),+];

            /// The word.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl $crate::reading::Setting for $name {
            fn shape() -> $crate::shape::Shape {
                $crate::shape::Shape::OneOf(Self::WORDS)
            }

            fn read(
                node: &$crate::reading::NodeRef<'_>,
                reading: &mut $crate::reading::Reading<'_>,
            ) -> Option<Self> {
                let $crate::node::Value::Text(text) = &node.0.value else {
                    return reading.wrong_type(node, &Self::shape());
                };
                match text.as_str() {
                    $($word => Some(Self::$variant),)+
                    other => reading.no_such_word(node, other, Self::WORDS),
                }
            }

            fn show(&self) -> String {
                format!("{:?}", self.word())
            }
        }
    )+};
}

/// Declares an enum that is a table with exactly one of some keys: `{ anonymous = { role = "guest" } }`. Each is a section of its own.
macro_rules! alternatives {
    ($(
        $(#[doc = $doc:literal])+
        pub enum $name:ident: $section_name:literal {
            $($(#[doc = $key_doc:literal])+ $reload:ident $key:ident: $variant:ident($type:ty),)+
        }
    )+) => {$(
        $(#[doc = $doc])+
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        #[expect(clippy::large_enum_variant, reason = "there are few of them, and each is read once")]
        pub enum $name { $($(#[doc = $key_doc])+ $variant($type),)+ }

        impl $name {
            /// Its table of keys, of which each has one.
            pub const SECTION: &'static $crate::section::Section = &$crate::section::Section {
                name: $section_name,
                text: concat!($($doc, "\n"),+),
                alternatives: true,
                list: || vec![$(
                    $crate::section::Key {
                        name: stringify!($key),
                        text: concat!($($key_doc, "\n"),+),
                        shape: <$type as $crate::reading::Setting>::shape(),
                        default: Some("none".to_owned()),
                        reload: $crate::section::section!(@reload $reload),
                    },
                )+],
            };

            /// The key by which it is chosen.
            pub const fn word(&self) -> &'static str {
                match self { $(Self::$variant(_) => stringify!($key),)+ }
            }
        }

        impl $crate::reading::Setting for $name {
            fn shape() -> $crate::shape::Shape {
                $crate::shape::Shape::Section(Self::SECTION)
            }

            fn read(
                node: &$crate::reading::NodeRef<'_>,
                reading: &mut $crate::reading::Reading<'_>,
            ) -> Option<Self> {
                let entries = reading.table(node, &Self::shape())?;
                reading.known_keys(entries, Self::SECTION);
                let entry = reading.only_key(node, entries, Self::SECTION)?;
                let node = $crate::reading::NodeRef(&entry.node);
                match entry.key.as_str() {
                    $(stringify!($key) => {
                        <$type as $crate::reading::Setting>::read(&node, reading).map(Self::$variant)
                    })+
                    // Noted as an unknown key.
                    _ => None,
                }
            }

            fn show(&self) -> String {
                match self {
                    $(Self::$variant(value) => {
                        format!("{{ {} = {} }}", stringify!($key), $crate::reading::Setting::show(value))
                    })+
                }
            }
        }
    )+};
}

pub(crate) use {alternatives, choice};
