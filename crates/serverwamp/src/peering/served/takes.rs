//! What a procedure takes beyond a plain call.

/// What the handler of a procedure takes beyond a plain call; a call that needs more is refused.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Takes {
    /// More inputs than one.
    pub(crate) input: bool,
    /// Payloads in passthru mode.
    pub(crate) passthru: bool,
}

impl Takes {
    /// What a call needs that the procedure does not take (checklist PCI-06, PPT-08).
    pub(crate) const fn missing_for(self, needed: Self) -> Option<&'static str> {
        if needed.input && !self.input {
            return Some("the procedure does not take progressive input");
        }
        if needed.passthru && !self.passthru {
            return Some("the procedure does not take payloads in passthru mode");
        }
        None
    }
}
