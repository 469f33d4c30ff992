//! What becomes of a request while there is no connection.

/// What becomes of a call or a publication that is made while its client has no session, and is about to have another one.
///
/// It has no effect for a client that does not [reconnect](crate::client::ClientBuilder::reconnect), nor for the application in its own
/// realm.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum WhileDisconnected {
    /// It waits for the next session, and is sent there in the order in which requests were made. It ends with an error when there is none
    /// in time ([`Reconnect::wait_at_most`](crate::client::Reconnect::wait_at_most)), or when too many wait.
    #[default]
    Wait,
    /// It ends with an error at once.
    Fail,
}
