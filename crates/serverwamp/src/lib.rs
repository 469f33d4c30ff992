//! serverwamp
pub mod rt;
pub mod websocket;
