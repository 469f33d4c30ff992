//! `serverwamp keygen`: a key for WAMP-cryptosign.
//!
//! Out: the private key in a new file that its owner alone can read, and the entry with the public key on the standard output.

use crate::failure::Failure;
use crate::hash::print_or_write;
use crate::private_file;
use crate::user_file::UserFileOptions;
use clap::Args;
use serverwamp::auth::CryptosignKey;
use std::io::{ErrorKind, Write as _};
use std::path::PathBuf;
use zeroize::Zeroizing;

/// The options of `keygen`.
#[derive(Args, Clone, Debug)]
pub(crate) struct KeygenOptions {
    /// The file for the private key, in hex; it must not be there yet, and only you can read it
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// The name of the user, to print the head of its table as well
    #[arg(long, value_name = "AUTHID")]
    user: Option<String>,
    #[command(flatten)]
    file: UserFileOptions,
}

pub(crate) fn run(options: &KeygenOptions) -> Result<(), Failure> {
    let path = &options.key;
    let mut bytes = Zeroizing::new([0_u8; 32]);
    getrandom::fill(bytes.as_mut_slice())
        .map_err(|error| Failure::runtime(format!("the system has no random numbers: {error}")))?;
    let public = CryptosignKey::new(&bytes).public_key();
    let mut hex = Zeroizing::new(String::with_capacity(2 * bytes.len() + 1));
    for byte in bytes.iter() {
        hex.extend([byte >> 4, byte & 15].into_iter().filter_map(|half| char::from_digit(half.into(), 16)));
    }
    hex.push('\n');
    let mut file = private_file::create(path).map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::runtime(format!("{} is there already: choose another file", path.display()))
        }
        _ => Failure::runtime(format!("{} cannot be written: {error}", path.display())),
    })?;
    file.write_all(hex.as_bytes())
        .and_then(|()| file.sync_all())
        .map_err(|error| Failure::runtime(format!("{} cannot be written: {error}", path.display())))?;
    print_or_write(&options.file, options.user.as_deref(), &format!("cryptosign = \"{public}\""))
}
