//! The script that collects what a cluster says about itself, against a made-up cluster on the loopback interface.

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use test_support::python::missing;
use test_support::{esaudit, root};

/// How the made-up cluster behaves.
#[derive(Clone, Copy, PartialEq)]
enum Mood {
    Well,
    /// Users are not shown.
    Forbids,
    /// Answers about roles end in the middle.
    Cuts,
    /// Elasticsearch 7.10: no search of keys, no service accounts.
    Old,
    /// Elasticsearch 7.17: what owners of keys may do is not told.
    Seven,
}

const PASSWORD: &str = "p\"w\\x ü";
/// More than two pages.
const KEYS: u64 = 2_345;

/// A request: method, path, headers, body.
fn request(stream: &TcpStream) -> Option<(String, String, String, String)> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (method, path) = (words.next()?, words.next()?);
    let (mut headers, mut length) = (String::new(), 0);
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        if header.trim().is_empty() {
            break;
        }
        if let Some(value) = header.to_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        headers.push_str(&header);
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some((method, path, headers, String::from_utf8(body).unwrap()))
}

fn keys(body: &str) -> Value {
    let asked: Value = serde_json::from_str(body).unwrap();
    let after = asked["search_after"][1].as_u64().map_or(0, |last| last + 1);
    let size = asked["size"].as_u64().unwrap();
    let page: Vec<Value> = (after..KEYS.min(after + size))
        .map(|at| json!({"id": format!("k{at}"), "name": "n\"_sort\":[1]", "creation": 7, "_sort": [7, at]}))
        .collect();
    json!({"total": KEYS, "count": page.len(), "api_keys": page})
}

fn answer(mood: Mood, path: &str, body: &str) -> (u16, String) {
    const YAML: &str = "---\nnodes:\n  nd7Q:\n    name: \"es-1\"\n    ip: \"10.0.0.1\"\n    settings:\n      path.logs: \
                        \"/var/log/elasticsearch\"\n  ab:\n    name: \"es';rm -rf x\"\n    ip: \"10.0.0.2\"\n    \
                        settings:\n      path.logs: \"/usr/share/elasticsearch/logs\"\n";
    match path.split('?').next().unwrap() {
        "/_security/user" if mood == Mood::Forbids => (403, "{}".into()),
        "/_security/_query/api_key" if mood == Mood::Old => (405, "{}".into()),
        "/_security/_query/api_key" if mood == Mood::Seven && path.contains('?') => (400, "{}".into()),
        "/_security/service" if mood == Mood::Old => (400, "{}".into()),
        "/_security/_query/api_key" => (200, keys(body).to_string()),
        "/_security/service" => {
            (200, json!({"elastic/kibana": {"role_descriptor": {"indices": [{"names": ["../x/y"]}]}}}).to_string())
        }
        "/_nodes" if path.contains("format=yaml") => (200, YAML.into()),
        "/_nodes" => {
            let settings = json!({"xpack.http.ssl.keystore.password": "hunter2", "path.logs": "/var/log", "x.secret_y": "hun\"ter2", "xpack.security.authc.token.enabled": "true"});
            (200, json!({"nodes": {"nd7Q": {"name": "es-1", "settings": settings}}}).to_string())
        }
        other => (200, said(mood, other).to_string()),
    }
}

/// What a cluster says in the shapes of its version.
fn said(mood: Mood, path: &str) -> Value {
    let version = if mood == Mood::Seven { "7.17.28" } else { "9.1.0" };
    let role = json!({"cluster": ["all"], "indices": [{"names": ["*"], "privileges": ["all"], "allow_restricted_indices": true}],
        "applications": [], "run_as": ["*"], "metadata": {"_reserved": true}, "transient_metadata": {"enabled": true}});
    match path {
        "/" => json!({"name": "es-1", "cluster_name": "c", "cluster_uuid": "u", "version": {"number": version},
            "tagline": "You Know, for Search"}),
        "/_cluster/settings" => json!({"persistent": {}, "transient": {}, "defaults": {"x": "y"}}),
        "/_license" => json!({"license": {"status": "active", "uid": "u", "type": "basic"}}),
        "/_security/user" => json!({"elastic": {"username": "elastic", "roles": ["superuser"], "full_name": null,
            "email": null, "metadata": {"_reserved": true}, "enabled": true}}),
        "/_security/role" => json!({"superuser": role}),
        "/_security/role_mapping" => {
            json!({"m": {"enabled": true, "roles": ["r"], "rules": {"field": {"dn": "*"}}, "metadata": {}}})
        }
        "/_security/privilege" => json!({"app": {"read": {"application": "app", "name": "read", "actions": ["x"],
            "metadata": {}}}}),
        "/_ssl/certificates" => json!([{"path": "http.p12", "format": "PKCS12", "alias": "http", "subject_dn": "CN=x",
            "serial_number": "1", "has_private_key": true, "expiry": "2030-01-01T00:00:00.000Z"}]),
        path => match path.strip_prefix("/_security/service/").and_then(|rest| rest.strip_suffix("/credential")) {
            Some(account) => json!({"service_account": account, "count": 1, "tokens": {"t": {}},
                "nodes_credentials": {"file_tokens": {}}}),
            None => json!({ "path": path }),
        },
    }
}

/// Serves until the test ends; what was asked is kept.
fn cluster(mood: Mood) -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let asked = Arc::new(Mutex::new(Vec::new()));
    let met = Arc::clone(&asked);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let Some((method, path, headers, body)) = request(&stream) else { continue };
            // `elastic` and the password, in base64.
            let known = headers.contains("Authorization: Basic ZWxhc3RpYzpwIndceCDDvA==");
            let (status, text) = if known { answer(mood, &path, &body) } else { (401, "{}".into()) };
            let more = if mood == Mood::Cuts && path.ends_with("role") { 50 } else { 0 };
            met.lock().unwrap().push(format!("{method} {path}"));
            let head =
                format!("HTTP/1.1 {status} X\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", text.len() + more);
            let _ = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(text.as_bytes()));
        }
    });
    (address, asked)
}

/// Shells that are installed, each with the arguments that make it one.
fn shells() -> Vec<Vec<&'static str>> {
    let all = [vec!["dash"], vec!["busybox", "sh"], vec!["sh"]];
    let is_there = |shell: &Vec<&str>| {
        Command::new(shell[0]).args(&shell[1..]).args(["-c", ":"]).output().is_ok_and(|output| output.status.success())
    };
    let is_curl_there = Command::new("curl").arg("--version").output().is_ok_and(|output| output.status.success());
    let found: Vec<_> = if is_curl_there { all.into_iter().filter(is_there).collect() } else { Vec::new() };
    if found.is_empty() {
        missing("no curl, or no shell");
    }
    found
}

fn collect(shell: &[&str], folder: &Path, password: &str, arguments: &[&str]) -> Output {
    Command::new(shell[0])
        .args(&shell[1..])
        .arg(root().join("contrib/collect/esaudit-collect.sh"))
        .args(arguments)
        .current_dir(folder)
        .env("TMPDIR", folder)
        .env("ELASTIC_PASSWORD", password)
        .env_remove("ELASTIC_API_KEY")
        .env("no_proxy", "*")
        .output()
        .unwrap()
}

fn names(folder: &Path) -> BTreeSet<String> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

#[test]
fn everything_is_collected_and_secrets_are_not() {
    for shell in shells() {
        let (address, asked) = cluster(Mood::Well);
        let folder = tempfile::tempdir().unwrap();
        let output = collect(&shell, folder.path(), PASSWORD, &["-o", "out", &address]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{shell:?}: {said}");
        assert!(said.contains("0 not allowed, 0 failed"), "{said}");
        let out = folder.path().join("out");
        let ids: BTreeSet<String> = (1..=4)
            .flat_map(|page| {
                let text = std::fs::read_to_string(out.join(format!("api-keys-{page}.json"))).unwrap();
                let read: Value = serde_json::from_str(&text).unwrap();
                read["api_keys"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|key| key["id"].as_str().unwrap().to_owned())
                    .collect::<Vec<_>>()
            })
            .collect();
        assert_eq!(ids.len() as u64, KEYS);
        let nodes: Value = serde_json::from_str(&std::fs::read_to_string(out.join("nodes.json")).unwrap()).unwrap();
        let settings = &nodes["nodes"]["nd7Q"]["settings"];
        assert_eq!(settings["xpack.http.ssl.keystore.password"], "(redacted)");
        assert_eq!(settings["xpack.security.authc.token.enabled"], true);
        assert_eq!((&settings["x.secret_y"], &settings["path.logs"]), (&json!("(redacted)"), &json!("/var/log")));
        let copies = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(copies.contains("scp -r '10.0.0.1:/var/log/elasticsearch/*' 'logs/es-1'/\n"), "{copies}");
        assert!(
            copies.contains(r"docker cp 'es'\'';rm -rf x:/usr/share/elasticsearch/logs/.' 'logs/es'\'';rm -rf x'"),
            "{copies}"
        );
        // Nothing is written in the cluster, and nothing is asked for whose name an answer could choose freely.
        for request in asked.lock().unwrap().iter() {
            assert!(request.starts_with("GET ") || request.starts_with("POST /_security/_query/api_key"), "{request}");
            assert!(!request.contains(".."), "{request}");
        }
        // The secret is in no file that is left.
        assert_eq!(names(folder.path()), BTreeSet::from(["out".to_owned()]));
    }
}

#[test]
fn what_is_refused_or_breaks_off_is_said() {
    for shell in shells() {
        for (mood, status, said, file) in [
            (Mood::Forbids, 0, "users: not allowed (403)", "users.json"),
            (Mood::Cuts, 1, "roles: curl", "roles.json"),
            (Mood::Old, 0, "0 not allowed, 0 failed", "api-keys-1.json"),
        ] {
            let (address, _) = cluster(mood);
            let folder = tempfile::tempdir().unwrap();
            let output = collect(&shell, folder.path(), PASSWORD, &[&address, "-o", "out"]);
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.code(), Some(status), "{shell:?}: {errors}");
            assert!(errors.contains(said), "{errors}");
            let found = names(&folder.path().join("out"));
            assert!(!found.contains(file) && found.contains("nodes.json"), "{found:?}");
            assert_eq!(mood == Mood::Old, found.contains("api-keys.json"), "{found:?}");
            assert!(found.contains("not-collected.txt"), "{found:?}");
        }
        let (address, _) = cluster(Mood::Well);
        let folder = tempfile::tempdir().unwrap();
        let output = collect(&shell, folder.path(), "wrong", &[&address]);
        assert_eq!(output.status.code(), Some(69), "{shell:?}");
        let with_password = collect(&shell, folder.path(), PASSWORD, &["https://elastic:x@localhost:9200"]);
        assert_eq!(with_password.status.code(), Some(64));
    }
}

#[test]
fn an_archive_holds_the_folder_and_nothing_else_is_left() {
    for shell in shells() {
        let (address, _) = cluster(Mood::Well);
        let folder = tempfile::tempdir().unwrap();
        let output = collect(&shell, folder.path(), PASSWORD, &["-o", "x.tar.gz", &address]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(names(folder.path()), BTreeSet::from(["x.tar.gz".to_owned()]));
        let listed = Command::new("tar").args(["-tzf", "x.tar.gz"]).current_dir(folder.path()).output().unwrap();
        assert!(String::from_utf8_lossy(&listed.stdout).contains("esaudit-context/nodes.json"));
    }
}

#[test]
fn what_each_version_answers_is_read() {
    let shell = &shells()[0];
    for mood in [Mood::Seven, Mood::Well] {
        let (address, _) = cluster(mood);
        let folder = tempfile::tempdir().unwrap();
        let output = collect(shell, folder.path(), PASSWORD, &["-o", "x.tar.gz", &address]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let checked =
            esaudit(&["check", folder.path().join("x.tar.gz").to_str().unwrap(), "--format", "json", "--quiet"]);
        assert_eq!(checked.status.code(), Some(0), "{}", String::from_utf8_lossy(&checked.stderr));
        let report: Value = serde_json::from_slice(&checked.stdout).unwrap();
        let documents = report["coverage"]["context"].as_array().unwrap();
        let kinds: BTreeSet<&str> = documents.iter().map(|one| one["kind"].as_str().unwrap()).collect();
        let all = [
            "api_keys",
            "application_privileges",
            "certificates",
            "cluster",
            "cluster_settings",
            "license",
            "nodes",
            "role_mappings",
            "roles",
            "service_accounts",
            "service_tokens",
            "users",
        ];
        assert_eq!(kinds, BTreeSet::from(all));
        assert!(documents.iter().all(|one| one["as_of"].is_string() && one["used"] == true), "{documents:?}");
        assert_eq!(report["coverage"]["problems"], json!([]));
    }
}

#[test]
fn the_script_is_clean_and_printed() {
    let printed = esaudit(&["collect-script"]).stdout;
    assert_eq!(printed, std::fs::read(root().join("contrib/collect/esaudit-collect.sh")).unwrap());
    match Command::new("shellcheck").arg(root().join("contrib/collect/esaudit-collect.sh")).output() {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout)),
        Err(_) => missing("no shellcheck"),
    }
}
