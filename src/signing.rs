//! Signatures of reports in minisign's format (<https://jedisct1.github.io/minisign/>), so that whoever has the public key can check
//! a report with `minisign -V`, and without this program.

use std::fmt;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use minisign::{PublicKey, SecretKey, SecretKeyBox, SignatureBox};
use sha2::{Digest, Sha256};

use crate::decode::packed;
use crate::error::Error;

/// What the name of a signature ends with, after that of the file.
const EXTENSION: &str = ".minisig";

/// How the second line of a secret key begins that a password protects: base64 of `EdSc`, the algorithms of signature and key
/// derivation.
const ENCRYPTED: &str = "RWRTY";

/// How the first line of a signature of ours begins.
pub const COMMENT: &str = "untrusted comment: signature of an esaudit report";

/// Longest key or signature file that is read: they are of a few hundred bytes.
const LONGEST: u64 = 1 << 16;

/// Characters of 64 bytes as base64, the signature of the comment.
const GLOBAL: usize = 88;

/// Where the signature of a file is looked for, and written to.
#[must_use]
pub fn path_of(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(EXTENSION);
    PathBuf::from(name)
}

/// A secret key.
pub struct Signer(SecretKey);

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key must not come into any message.
        f.write_str("Signer")
    }
}

impl Signer {
    /// Reads a secret key; `ask` gives the password of one that has one.
    ///
    /// # Errors
    /// Words for the user where it is none, or the password is another one.
    pub fn load(path: &Path, ask: impl FnOnce() -> io::Result<String>) -> Result<Self, Error> {
        let text = text_of(path)?;
        let wrong = |error: &dyn fmt::Display| Error::Option(format!("--sign {}: {error}", path.display()));
        let second = text.lines().nth(1).unwrap_or_default();
        let encrypted = second.starts_with(ENCRYPTED);
        if encrypted {
            let password = ask().map_err(|error| wrong(&format!("the key has a password: {error}")))?;
            let key = SecretKeyBox::from_string(&text).and_then(|boxed| boxed.into_secret_key(Some(password)));
            return key.map(Self).map_err(|error| wrong(&error));
        }
        // Of a key without a password minisign writes no checksum, which the library would miss.
        let bytes = packed::decode(second.trim().as_bytes()).filter(|bytes| bytes.starts_with(b"Ed\0\0"));
        let key = bytes.and_then(|bytes| SecretKey::from_bytes(&bytes).ok());
        let key = key.ok_or_else(|| wrong(&"no secret key of minisign (minisign -G makes one)"))?;
        // Its halves must belong together, or its signatures would be those of no key.
        let public = PublicKey::from_secret_key(&key).map_err(|error| wrong(&error))?;
        minisign::sign(Some(&public), &key, io::empty(), None, None).map_err(|error| wrong(&error))?;
        Ok(Self(key))
    }

    /// Signs what is read, which is what was written: the hash of that is given.
    ///
    /// # Errors
    /// It is not the same, or cannot be read.
    pub fn sign(&self, read: impl Read, name: &str, written: [u8; 32]) -> io::Result<String> {
        let mut hashing = HashingReader { read, hash: Sha256::new() };
        // The comment is signed, too. A name may hold anything; a line end would make a line of its own.
        let name: String = name.chars().filter(|c| !c.is_control()).collect();
        let comment = format!("esaudit {} file:{name}", env!("CARGO_PKG_VERSION"));
        let about = COMMENT.trim_start_matches("untrusted comment: ");
        let signature = minisign::sign(None, &self.0, &mut hashing, Some(&comment), Some(about));
        let signature = signature.map_err(|error| io::Error::other(error.to_string()))?;
        if <[u8; 32]>::from(hashing.hash.finalize()) != written {
            return Err(io::Error::other("changed by somebody else while it was signed"));
        }
        Ok(signature.into_string())
    }
}

/// Hashes what passes.
struct HashingReader<R> {
    read: R,
    hash: Sha256,
}

impl<R: Read> Read for HashingReader<R> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let count = self.read.read(bytes)?;
        self.hash.update(&bytes[..count]);
        Ok(count)
    }
}

/// Checks bytes against a signature; `key` is the file of a public key, or the key itself as base64.
///
/// # Errors
/// The first with words for the user where there is no such key; the second with what is wrong with the signature, which somebody
/// may have forged.
pub fn check(key: &str, bytes: &[u8], signature: &Path) -> Result<Result<String, String>, Error> {
    let wrong = |error: &dyn fmt::Display| Error::Option(format!("--key: {error}"));
    let key = match PublicKey::from_base64(key.trim()) {
        Ok(key) => key,
        Err(_) => {
            let text = text_of(Path::new(key))?;
            let second = text.lines().nth(1).unwrap_or_default().trim();
            PublicKey::from_base64(second)
                .map_err(|_| wrong(&format!("{key} is no public key of minisign (minisign.pub)")))?
        }
    };
    Ok(text_of(signature).map_err(|error| error.to_string()).and_then(|text| of_signature(&key, bytes, &text)))
}

/// The comment of a signature that holds.
fn of_signature(key: &PublicKey, bytes: &[u8], text: &str) -> Result<String, String> {
    // The library expects these 64 bytes and takes them for granted.
    if text.lines().nth(3).is_none_or(|line| line.trim().len() != GLOBAL) {
        return Err("no signature of minisign".to_owned());
    }
    let signature = SignatureBox::from_string(text).map_err(|error| error.to_string())?;
    minisign::verify(key, &signature, io::Cursor::new(bytes), true, false, true).map_err(|error| error.to_string())?;
    signature.trusted_comment().map_err(|error| error.to_string())
}

fn text_of(path: &Path) -> Result<String, Error> {
    let failed = |error| Error::File { path: path.to_owned(), error };
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(failed)?;
    file.take(LONGEST).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use minisign::KeyPair;

    use super::*;

    fn signed(bytes: &[u8]) -> (PublicKey, String) {
        let pair = KeyPair::generate_unencrypted_keypair().unwrap();
        let hash = Sha256::digest(bytes).into();
        let text = Signer(pair.sk).sign(bytes, "a\nb", hash).unwrap();
        (pair.pk, text)
    }

    #[test]
    fn a_signature_holds_for_its_bytes_only() {
        let (key, text) = signed(b"report");
        assert!(text.starts_with(COMMENT), "{text}");
        let comment = of_signature(&key, b"report", &text).unwrap();
        assert!(comment.contains("file:ab"), "{comment}");
        assert!(of_signature(&key, b"repord", &text).is_err());
        assert!(of_signature(&signed(b"report").0, b"report", &text).is_err());
        assert!(of_signature(&key, b"report", &text.replace("file:ab", "file:ba")).is_err());
    }

    #[test]
    fn what_is_damaged_is_no_signature_and_no_panic() {
        let (key, text) = signed(b"report");
        for end in 0..text.trim_end().len() {
            assert!(of_signature(&key, b"report", &text[..end]).is_err(), "{end}");
        }
        for at in 0..text.len() {
            let mut damaged = text.clone().into_bytes();
            damaged[at] = b'A';
            let _ = of_signature(&key, b"report", &String::from_utf8_lossy(&damaged));
        }
    }

    #[test]
    fn what_changes_meanwhile_is_not_signed() {
        let pair = KeyPair::generate_unencrypted_keypair().unwrap();
        assert!(Signer(pair.sk).sign(&b"other"[..], "a", Sha256::digest(b"report").into()).is_err());
    }
}
