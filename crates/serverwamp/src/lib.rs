//! serverwamp
