//! `--pseudonymize`: names that stand for principals, addresses and API keys, the same in every report that is made with the
//! same key, and useless to whoever lacks it.
//!
//! A text becomes a word for its kind and 64 bits of HMAC-SHA-256. An address becomes an address: bits are flipped or not as a
//! keyed hash of the bits before them says (as Crypto-PAn does it), so that two addresses share as many leading bits afterwards
//! as before, and no two become one. The bits that tell private, loopback and link-local addresses from others stay.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::error::Error;
use crate::files;
use crate::network::{self, Cidr};
use crate::reserved::RESERVED_USERS;

mod apply;
mod replacer;
mod stored;
mod texts;

pub use apply::{parameters, view, withhold};
pub use stored::stored;

/// Fewer bytes than this can be guessed.
const SHORTEST_KEY: usize = 16;

/// Flips of the eight bits below a prefix of whole bytes: one bit for each node of the tree.
type Flips = [u8; 32];

/// Whether of IPv4, the bits, and how many they are.
type Prefix = (bool, u128, usize);

/// Makes pseudonyms.
#[derive(Clone)]
pub struct Pseudonyms {
    key: Hmac<Sha256>,
    /// Most addresses of a run share their prefix.
    flips: Arc<Mutex<HashMap<Prefix, Flips>>>,
}

impl fmt::Debug for Pseudonyms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key must not come into any message.
        f.debug_tuple("Pseudonyms").field(&self.fingerprint()).finish()
    }
}

impl PartialEq for Pseudonyms {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint() == other.fingerprint()
    }
}

impl Pseudonyms {
    /// Reads the key from a file: its bytes, without line ends after them.
    ///
    /// # Errors
    /// Words for the user.
    pub fn load(path: &Path) -> Result<Self, Error> {
        let bytes = files::read(path, files::WRITTEN_BY_HAND)?;
        Self::new(bytes.trim_ascii_end())
    }

    /// Takes a key.
    ///
    /// # Errors
    /// Words for the user where it is too short.
    pub fn new(key: &[u8]) -> Result<Self, Error> {
        const MAKE: &str = "for instance: openssl rand -hex 32 > KEYFILE";
        if key.is_empty() {
            return Err(Error::Option(format!("the key file is empty; {MAKE}")));
        }
        if key.len() < SHORTEST_KEY {
            let message = format!("a key of {} bytes can be guessed, it needs {SHORTEST_KEY}; {MAKE}", key.len());
            return Err(Error::Option(message));
        }
        let key = Hmac::new_from_slice(key).map_err(|error| Error::Option(error.to_string()))?;
        Ok(Self { key, flips: Arc::default() })
    }

    /// Tells keys apart without telling the key.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        self.digits("fingerprint", b"")
    }

    fn hash(&self, about: &str, text: &[u8]) -> [u8; 32] {
        let mut hash = self.key.clone();
        hash.update(about.as_bytes());
        hash.update(&[0]);
        hash.update(text);
        hash.finalize().into_bytes().into()
    }

    fn digits(&self, about: &str, text: &[u8]) -> String {
        self.hash(about, text)[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The pseudonym of a principal, an address, an API key's id, or any other name.
    #[must_use]
    pub fn text(&self, text: &[u8]) -> String {
        match network::address(text) {
            Some(address) => self.address(address).to_string(),
            None => format!("{}-{}", kind(text), self.digits("text", text)),
        }
    }

    /// The pseudonyms of a list of addresses, as `x_forwarded_for` has it.
    #[must_use]
    pub fn list(&self, list: &[u8]) -> String {
        let entries = list.split(|&byte| byte == b',').map(|entry| self.text(entry.trim_ascii()));
        entries.collect::<Vec<_>>().join(", ")
    }

    /// The path of a request: what Elasticsearch's own paths are made of stays, what people name does not.
    #[must_use]
    pub fn url_path(&self, path: &[u8]) -> String {
        let own = |part: &[u8]| part.is_empty() || part.starts_with(b"_") || API_WORDS.contains(&part);
        let shown = |part: &[u8]| {
            if own(part) { String::from_utf8_lossy(part).into_owned() } else { self.text(part) }
        };
        path.split(|&byte| byte == b'/').map(shown).collect::<Vec<_>>().join("/")
    }

    /// A privilege, `privilege on index`: the index is named by people.
    #[must_use]
    pub fn privilege(&self, privilege: &[u8]) -> String {
        let text = String::from_utf8_lossy(privilege);
        match text.split_once(" on ") {
            Some((privilege, index)) => format!("{privilege} on {}", self.text(index.as_bytes())),
            None => text.into_owned(),
        }
    }

    /// The block that holds the pseudonyms of a block's addresses.
    #[must_use]
    pub fn block(&self, block: Cidr) -> Cidr {
        block.map(|address| self.address(address))
    }

    /// The pseudonym of an address.
    #[must_use]
    pub fn address(&self, address: IpAddr) -> IpAddr {
        match address {
            IpAddr::V4(v4) => IpAddr::V4(self.v4(v4)),
            IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
                Some(v4) => IpAddr::V6(self.v4(v4).to_ipv6_mapped()),
                None => IpAddr::V6(Ipv6Addr::from(self.bits(u128::from(v6), 128, &KEPT_V6))),
            },
        }
    }

    fn v4(&self, address: Ipv4Addr) -> Ipv4Addr {
        let bits = self.bits(u128::from(u32::from(address)) << 96, 32, &KEPT_V4);
        Ipv4Addr::from((bits >> 96) as u32)
    }

    /// Flips bits of an address that stands at the top of 128 bits.
    fn bits(&self, address: u128, length: usize, kept: &[(u128, usize)]) -> u128 {
        let mut flipped = address;
        let mut free = false;
        let mut flips = Flips::default();
        for at in 0..length {
            let before = if at == 0 { 0 } else { address >> (128 - at) };
            if at % 8 == 0 {
                flips = self.flips(length == 32, before, at);
            }
            // Within the eight bits the tree is numbered as a heap is.
            let node = (1 << (at % 8)) | (before & ((1 << (at % 8)) - 1)) as usize;
            let on_path = |(prefix, bits): &(u128, usize)| at < *bits && (at == 0 || *prefix >> (128 - at) == before);
            if !kept.iter().any(on_path) {
                // The first bit that may change always does: so no address stands for itself.
                let flip = !std::mem::replace(&mut free, true) || flips[node / 8] >> (node % 8) & 1 == 1;
                flipped ^= u128::from(flip) << (127 - at);
            }
        }
        flipped
    }

    fn flips(&self, is_v4: bool, prefix: u128, length: usize) -> Flips {
        let mut known = self.flips.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() > MOST_FLIPS {
            known.clear();
        }
        *known.entry((is_v4, prefix, length)).or_insert_with(|| {
            let about = if is_v4 { "IPv4" } else { "IPv6" };
            self.hash(about, &[&length.to_le_bytes()[..1], prefix.to_be_bytes().as_slice()].concat())
        })
    }
}

/// Prefixes remembered; 64 bytes each.
const MOST_FLIPS: usize = 1 << 18;

/// Parts of the paths of Elasticsearch's own interfaces that do not begin with `_`.
const API_WORDS: [&[u8]; 16] = [
    b"user",
    b"role",
    b"role_mapping",
    b"api_key",
    b"oauth2",
    b"token",
    b"saml",
    b"oidc",
    b"realm",
    b"privilege",
    b"service",
    b"credential",
    b"cross_cluster",
    b"profile",
    b"license",
    b"xpack",
];

/// The ranges that stay recognisable: their first bits, and how many these are.
const KEPT_V4: [(u128, usize); 6] = [
    (10 << 120, 8),
    (127 << 120, 8),
    ((172 << 120) | (16 << 112), 12),
    ((192 << 120) | (168 << 112), 16),
    ((169 << 120) | (254 << 112), 16),
    ((100 << 120) | (64 << 112), 10),
];

/// The same of IPv6: unspecified, loopback, unique local, link-local.
const KEPT_V6: [(u128, usize); 4] = [(0, 128), (1, 128), (0xfc << 120, 7), (0xfe8 << 116, 10)];

/// What kind of name a text is, by its form alone, so that it is the same wherever the text stands.
fn kind(text: &[u8]) -> &'static str {
    let of_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if RESERVED_USERS.contains(&text) || text.starts_with(b"_") && text.len() < 20 {
        "builtin"
    } else if text.contains(&b'/') {
        "service"
    } else if text.len() == 20 && text.iter().all(of_base64) && text.iter().any(u8::is_ascii_uppercase) {
        "key"
    } else {
        "name"
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pseudonyms() -> Pseudonyms {
        Pseudonyms::new(b"0123456789abcdef").unwrap()
    }

    #[test]
    fn texts_tell_their_kind_and_nothing_else() {
        let names = pseudonyms();
        for (text, kind) in [
            ("alice", "name"),
            ("elastic", "builtin"),
            ("_xpack", "builtin"),
            ("elastic/fleet-server", "service"),
            ("VuaCfGcBCdbkQm-e5aOx", "key"),
        ] {
            let shown = names.text(text.as_bytes());
            assert!(shown.starts_with(&format!("{kind}-")) && shown.len() == kind.len() + 17, "{shown}");
            assert!(!shown.contains(text));
            assert_eq!(shown, names.text(text.as_bytes()));
        }
        assert_ne!(names.text(b"alice\xff"), names.text(b"alice\xfe"));
        assert_ne!(names.text(b"alice"), Pseudonyms::new(b"another key, long").unwrap().text(b"alice"));
        assert_eq!(names.list(b"10.0.0.1, alice"), format!("{}, {}", names.text(b"10.0.0.1"), names.text(b"alice")));
        assert_eq!(names.url_path(b"/_security/user/bob"), format!("/_security/user/{}", names.text(b"bob")));
    }

    #[test]
    fn keys_that_can_be_guessed_are_refused() {
        assert!(Pseudonyms::new(b"").unwrap_err().to_string().contains("empty"));
        assert!(Pseudonyms::new(b"secret").unwrap_err().to_string().contains("6 bytes"));
        assert!(!format!("{:?}", pseudonyms()).contains("0123"));
    }

    #[test]
    fn private_stays_private() {
        let names = pseudonyms();
        for (address, prefix) in
            [("10.1.2.3", "10."), ("192.168.7.7", "192.168."), ("127.0.0.1", "127."), ("fe80::1", "fe")]
        {
            let shown = names.text(address.as_bytes());
            assert!(shown.starts_with(prefix) && shown != address, "{address} {shown}");
        }
        assert_eq!(names.text(b"::1"), "::1");
        let IpAddr::V4(outside) = names.address("203.0.113.9".parse().unwrap()) else { panic!() };
        assert!(!outside.is_private() && !outside.is_loopback());
        let mapped = names.text(b"::ffff:203.0.113.9");
        assert_eq!(mapped, format!("::ffff:{outside}"));
    }

    fn shared(a: IpAddr, b: IpAddr) -> u32 {
        match (a, b) {
            (IpAddr::V4(a), IpAddr::V4(b)) => (u32::from(a) ^ u32::from(b)).leading_zeros(),
            (IpAddr::V6(a), IpAddr::V6(b)) => (u128::from(a) ^ u128::from(b)).leading_zeros(),
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn subnets_are_kept_exactly(a in any::<u32>(), bit in 0_u32..32, tail in any::<u32>()) {
            let names = pseudonyms();
            let b = (a ^ (1 << (31 - bit))) ^ (tail & ((1_u32 << (31 - bit)) - 1));
            let (a, b) = (IpAddr::V4(a.into()), IpAddr::V4(b.into()));
            prop_assert_eq!(shared(a, b), shared(names.address(a), names.address(b)));
            prop_assert_ne!(names.address(a), a);
        }

        #[test]
        fn subnets_of_ipv6_too(a in any::<u128>(), bit in 0_u32..128) {
            let names = pseudonyms();
            let (a, b) = (Ipv6Addr::from(a), Ipv6Addr::from(a ^ (1 << (127 - bit))));
            prop_assume!(a.to_ipv4_mapped().is_none() && b.to_ipv4_mapped().is_none());
            let (a, b) = (IpAddr::V6(a), IpAddr::V6(b));
            prop_assert_eq!(shared(a, b), shared(names.address(a), names.address(b)));
        }
    }
}
