//! WAMP-CRA: the peer signs a challenge with a secret both sides know.
//!
//! An unknown authid walks the same path as a known one: the same CHALLENGE with a salt that stays the same from one
//! attempt to the next, and a signature that cannot be right.

use super::handlers::dialogue;
use super::{Authenticator, Exchange, Principal, Secret};
use crate::WampError;
use crate::handler::{Handler, Unbound};
use crate::reply::{IntoReply, via};
use crate::request::{AuthRequest, CraMethod};
use serverwamp_proto::auth::cra::{Challenge, Salting};
use serverwamp_proto::codec::{Dict, Value};
use std::fmt;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};
