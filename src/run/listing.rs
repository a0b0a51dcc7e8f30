//! Listings of API keys among the inputs: they are no logs, and are used only where `--api-keys` names them.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use super::console::complain;
use crate::model::Coverage;
use crate::progress::Verbosity;

/// Bytes at the begin of a file that tell what it is.
const HEAD: u64 = 4096;

/// Says which inputs are listings that were not used.
pub(super) fn mention(verbosity: Verbosity, coverage: &Coverage, used: &[PathBuf]) {
    if verbosity == Verbosity::Quiet {
        return;
    }
    let silent = coverage.inputs.iter().filter(|input| input.audit_events == 0 && input.server_events == 0);
    for input in silent.filter(|input| input.compression == "none" && input.lines > 0) {
        let path = Path::new(&input.path);
        let is_used = used.iter().any(|used| used == path);
        if !is_used && is_listing(path) {
            complain(&format!("a listing of API keys is not used: --api-keys {}", input.path));
        }
    }
}

/// Whether a file begins as the response of `GET /_security/api_key` does.
fn is_listing(path: &Path) -> bool {
    let mut head = Vec::new();
    let is_file = std::fs::metadata(path).is_ok_and(|meta| meta.is_file());
    let read = is_file && File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head)).is_ok();
    let text: Vec<u8> = head.into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
    read && text.starts_with(b"{") && memchr::memmem::find(&text, b"\"api_keys\":[").is_some()
}
