//! What the program is made of: nothing that talks to a network, and nothing that the manual does not account for.

use std::collections::BTreeSet;
use std::path::Path;

fn read(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// Names of all crates that any build of this package may use.
fn locked() -> BTreeSet<String> {
    let lock: toml::Table = toml::from_str(&read("Cargo.lock")).unwrap();
    let packages = lock["package"].as_array().unwrap();
    packages.iter().map(|package| package["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn no_crate_talks_to_a_network() {
    const NETWORK: [&str; 34] = [
        "async-std",
        "attohttpc",
        "aws-lc-rs",
        "curl",
        "curl-sys",
        "ftp",
        "git2",
        "h2",
        "hickory-resolver",
        "http",
        "hyper",
        "isahc",
        "mio",
        "native-tls",
        "openssl",
        "openssl-sys",
        "quinn",
        "reqwest",
        "ring",
        "rustls",
        "sentry",
        "smol",
        "socket2",
        "ssh2",
        "surf",
        "tokio",
        "tonic",
        "trust-dns-resolver",
        "tungstenite",
        "ureq",
        "url",
        "warp",
        "webpki",
        "zeromq",
    ];
    let locked = locked();
    let found: Vec<&str> = NETWORK.into_iter().filter(|name| locked.contains(*name)).collect();
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn no_source_opens_a_connection_or_starts_a_program() {
    fn sources(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { sources(&path, found) } else { found.push(path) }
        }
    }
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    assert!(files.len() > 100);
    for file in files.iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs")) {
        let text = std::fs::read_to_string(file).unwrap();
        // Tests may start programs.
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
        for word in
            ["TcpStream", "TcpListener", "UdpSocket", "UnixStream", "process::Command", "rustix::net", "unsafe {"]
        {
            // The one program that is started is the one that the user reads with.
            let is_pager = word == "process::Command" && file.ends_with("src/output/pager.rs");
            assert!(is_pager || !code.contains(word), "{word} in {}", file.display());
        }
    }
}

#[test]
fn the_manual_accounts_for_every_dependency() {
    let manifest: toml::Table = toml::from_str(&read("Cargo.toml")).unwrap();
    let page = read("docs/supply-chain.md");
    let listed: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split_once('`').map(|(name, _)| name)).collect();
    // Those of one system or another, too.
    let of_systems = manifest["target"].as_table().unwrap().values().map(|target| &target["dependencies"]);
    let tables = std::iter::once(&manifest["dependencies"]).chain(of_systems);
    let used: BTreeSet<&str> = tables.flat_map(|table| table.as_table().unwrap().keys()).map(String::as_str).collect();
    assert_eq!(listed, used);
}
