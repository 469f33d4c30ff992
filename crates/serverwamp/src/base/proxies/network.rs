//! Addresses and networks of addresses, as settings name them: `192.0.2.7`, `10.0.0.0/8`, `fd00::/8`.
//!
//! Invariant: an IPv4 address is the same address when a dual-stack socket writes it as an IPv6 one.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// All addresses that begin with the same bits.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Network {
    first: IpAddr,
    bits: u8,
}

impl Network {
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && cut(address, self.bits) == self.first
    }
}

/// The address with nothing but zeros behind its first `bits`.
fn cut(address: IpAddr, bits: u8) -> IpAddr {
    match address {
        IpAddr::V4(address) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(bits)).unwrap_or_default();
            Ipv4Addr::from_bits(address.to_bits() & mask).into()
        }
        IpAddr::V6(address) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(bits)).unwrap_or_default();
            Ipv6Addr::from_bits(address.to_bits() & mask).into()
        }
    }
}

impl FromStr for Network {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (address, bits) =
            text.split_once('/').map_or((text, None), |(address, bits)| (address, Some(bits)));
        let Ok(written) = address.parse::<IpAddr>() else {
            return Err(format!(
                "{text:?} is neither an IP address nor a network: write 192.0.2.7, 10.0.0.0/8 or fd00::/8"
            ));
        };
        let longest: u8 = if written.is_ipv4() { 32 } else { 128 };
        let digits = bits.is_none_or(|bits| bits.bytes().all(|byte| byte.is_ascii_digit()));
        let bits =
            bits.map_or(Some(longest), |bits| bits.parse().ok()).filter(|bits| digits && *bits <= longest);
        let Some(mut bits) = bits else {
            return Err(format!(
                "{text:?} is not a network: {written}/ must be followed by a number from 1 to {longest}"
            ));
        };
        let address = written.to_canonical();
        if written.is_ipv6() && address.is_ipv4() {
            let Some(shorter) = bits.checked_sub(96) else {
                return Err(format!(
                    "{text:?} is not a network of IPv4 addresses: write it as one, such as 10.0.0.0/8"
                ));
            };
            bits = shorter;
        }
        if bits == 0 {
            return Err(format!(
                "{text:?} covers all addresses, so everybody could claim any address: name your proxies"
            ));
        }
        let network = Self { first: cut(address, bits), bits };
        if network.first == address {
            Ok(network)
        } else {
            Err(format!(
                "{text:?} has bits set after the first {bits}: write {network}, or {address} for one address"
            ))
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contains(network: &str, address: &str) -> bool {
        network.parse::<Network>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn a_network_contains_what_begins_with_its_bits() {
        for (network, inside, outside) in [
            ("192.0.2.7", "192.0.2.7", "192.0.2.6"),
            ("10.0.0.0/8", "10.255.1.2", "11.0.0.0"),
            ("10.0.0.0/8", "::ffff:10.1.2.3", "::10.1.2.3"),
            ("::ffff:10.0.0.0/104", "10.1.2.3", "11.1.2.3"),
            ("128.0.0.0/1", "255.255.255.255", "127.255.255.255"),
            ("192.0.2.4/30", "192.0.2.7", "192.0.2.8"),
            ("fd00::/8", "fdff::1", "fc00::1"),
            ("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::"),
            ("::1", "::1", "127.0.0.1"),
        ] {
            assert!(contains(network, inside), "{network} {inside}");
            assert!(!contains(network, outside), "{network} {outside}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_with_what_to_write() {
        for (text, part) in [
            ("nginx", "neither an IP address nor a network"),
            ("", "neither an IP address nor a network"),
            ("10.0.0.0/33", "from 1 to 32"),
            ("10.0.0.0/-1", "from 1 to 32"),
            ("10.0.0.0/+8", "from 1 to 32"),
            ("10.0.0.0/", "from 1 to 32"),
            ("::/129", "from 1 to 128"),
            ("::ffff:10.0.0.0/8", "10.0.0.0/8"),
            ("10.1.2.3/8", "write 10.0.0.0/8"),
            ("0.0.0.0/0", "covers all addresses"),
            ("::/0", "covers all addresses"),
            ("::ffff:0.0.0.0/96", "covers all addresses"),
            ("127.0.0.1:80", "neither an IP address nor a network"),
        ] {
            let why = text.parse::<Network>().unwrap_err();
            assert!(why.contains(part), "{text:?}: {why}");
        }
    }
}
