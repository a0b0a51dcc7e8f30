//! What is known of addresses beyond the logs: networks by name, lists, databases.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use test_support::line::Line;
use test_support::mmdb::database;
use test_support::{Inputs, esaudit, report};

/// Failures of one user: two from a city, one through IPv6, one from the office, one from a private address.
const SOURCES: [&str; 5] = ["81.2.69.142:1", "81.2.69.142:2", "[2a02:cf40::7]:3", "10.1.2.3:4", "192.168.9.9:5"];

fn logs() -> Inputs {
    let failed = |(at, source): (usize, &&str)| {
        let line = Line::new(at as i64 * 60_000, "authentication_failed").user("kim").from(source);
        line.request(&format!("r{at}")).end()
    };
    let lines: Vec<String> = SOURCES.iter().enumerate().map(failed).collect();
    Inputs::of(&[("a.json", &lines)])
}

fn city() -> Vec<u8> {
    let city = |code: &str, country: &str, city: &str| {
        json!({"country": {"iso_code": code, "names": {"en": country, "de": "x"}}, "city": {"names": {"en": city}},
               "location": {"latitude": 51}})
    };
    let blocks = [
        ("10.0.0.0/8", city("XX", "Nowhere", "Inside")),
        ("81.2.0.0/16", city("FR", "France", "Paris")),
        ("81.2.69.0/24", city("GB", "United Kingdom", "Lo\u{1b}[31mndon")),
        ("2a02:cf40::/29", city("NO", "Norway", "Oslo")),
    ];
    database("GeoLite2-City", &blocks)
}

fn networks() -> Vec<u8> {
    let network =
        |number: u32, who: &str| json!({"autonomous_system_number": number, "autonomous_system_organization": who});
    database("GeoLite2-ASN", &[("81.2.69.0/24", network(20712, "Andrews <&> Arnold"))])
}

/// A file beside the logs' folder.
fn beside(inputs: &Inputs, name: &str, bytes: &[u8]) -> String {
    let folder = PathBuf::from(format!("{}.known", inputs.path().display()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, bytes).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The options that name everything that is known.
fn known(inputs: &Inputs) -> Vec<String> {
    let config = beside(inputs, "esaudit.toml", b"[networks]\noffice = [\"10.1.0.0/16\"]\n");
    let bad = beside(inputs, "bad.txt", b"81.2.69.142, =cmd|' <b>prowler</b>\n");
    let city = beside(inputs, "city.mmdb", &city());
    let anonymous = database(
        "GeoIP2-Anonymous-IP",
        &[("81.2.69.0/24", json!({"is_anonymous": true, "is_hosting_provider": true}))],
    );
    let anonymous = beside(inputs, "anonymous.mmdb", &anonymous);
    let networks = beside(inputs, "asn.mmdb", &networks());
    ["--config", &config, "--addresses", &bad, "--geoip", &city, "--geoip", &networks, "--geoip", &anonymous]
        .map(str::to_owned)
        .to_vec()
}

fn output(arguments: &[&str]) -> (i32, String, String) {
    let output = esaudit(arguments);
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn sources_are_known_by_network_list_and_database() {
    let inputs = logs();
    let options = known(&inputs);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let report = report(&[inputs.path().to_str().unwrap()], &[&options[..], &["--manifest"]].concat());
    let rows: Vec<Value> = report.addresses.iter().map(|known| serde_json::to_value(known).unwrap()).collect();
    let bad = options[3];
    let expected = [
        json!({"address": "81.2.69.142", "failures": 2, "network": null,
               "listed": {"standing": "bad", "label": "=cmd|' <b>prowler</b>", "list": bad},
               "geo": {"country": "GB", "country_name": "United Kingdom", "city": "Lo\u{1b}[31mndon", "as_number": 20712,
                       "as_organization": "Andrews <&> Arnold", "flags": ["anonymous", "hosting_provider"]}}),
        // The database of cities has an entry for it, and is not asked.
        json!({"address": "10.1.2.3", "failures": 1, "network": "office", "listed": null, "geo": null}),
        json!({"address": "2a02:cf40::7", "failures": 1, "network": null, "listed": null,
               "geo": {"country": "NO", "country_name": "Norway", "city": "Oslo", "as_number": null, "as_organization": null,
                       "flags": []}}),
    ];
    assert_eq!(rows, expected);
    let hashed: Vec<String> = report
        .manifest
        .unwrap()
        .inputs
        .into_iter()
        .filter(|file| file.sha256.is_some())
        .map(|file| file.path)
        .collect();
    for name in [bad, options[5], options[7], options[9]] {
        assert!(hashed.iter().any(|path| path == name), "{name}: {hashed:?}");
    }
    let parameters = serde_json::to_value(&report.parameters).unwrap();
    assert_eq!(parameters["surroundings"]["networks"], json!({"office": ["10.1.0.0/16"]}));
    assert_eq!(parameters["geoip"].as_array().unwrap().len(), 3);
}

#[test]
fn people_see_them_beside_addresses_and_in_a_table() {
    let inputs = logs();
    let options = known(&inputs);
    let path = inputs.path().to_str().unwrap().to_owned();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let shown = |more: &[&str]| output(&[&["report", "--quiet", &path], &options[..], more].concat()).1;
    let table = shown(&["--width", "200"]);
    assert!(table.contains("10.1.2.3 (office)"), "{table}");
    assert!(table.contains("known bad: =cmd|' <b>prowler</b>, GB, AS20712, anonymous, hosting provider"), "{table}");
    assert!(table.contains("Lo\\x1b[31mndon") && !table.contains('\u{1b}'), "{table}");
    let csv = shown(&["--format", "csv", "--table", "addresses"]);
    assert!(csv.contains("\r\n2,81.2.69.142,,bad,\"'=cmd|' <b>prowler</b>\","), "{csv}");
    // Columns of addresses stay columns of addresses.
    let failures = shown(&["--format", "csv"]);
    assert!(failures.contains("81.2.69.142 x2 | ") && !failures.contains("office"), "{failures}");
    let page = shown(&["--format", "html"]);
    assert!(page.contains("&lt;b&gt;prowler&lt;/b&gt;") && !page.contains("<b>prowler"), "no markup");
    let markdown = shown(&["--format", "md"]);
    assert!(markdown.contains("(`office`)") && markdown.contains("`known bad: =cmd\\|' <b>prowler</b>`"), "{markdown}");
    let events = output(&[&["events", "--quiet", &path, "--source", "81.2.69.142"], &options[..]].concat()).1;
    let first: Value = serde_json::from_str(events.lines().next().unwrap()).unwrap();
    assert_eq!((&first["source_known"]["geo"]["country"], &first["source"]), (&json!("GB"), &json!("81.2.69.142")));
    let csv = output(&[&["events", "--quiet", &path, "--format", "csv"], &options[..]].concat()).1;
    assert!(csv.contains(",,bad,GB,AS20712,anonymous | hosting_provider,"), "{csv}");
}

#[test]
fn networks_and_lists_are_asked_for_by_name() {
    let inputs = logs();
    let options = known(&inputs);
    let path = inputs.path().to_str().unwrap();
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let count = |source: &str| {
        let events = output(&[&["events", "--quiet", path, "--source", source], &options[..4]].concat());
        assert_eq!(events.0, 0, "{}", events.2);
        events.1.lines().count()
    };
    assert_eq!((count("@office"), count("!@office"), count("@bad")), (1, 4, 2));
    let (status, _, complaint) = output(&["report", path, "--source", "@nowhere", options[0], options[1]]);
    assert!(status == 64 && complaint.contains("no network is called `nowhere`"), "{complaint}");
    let followed = output(&["impact", "--quiet", "--source", "@office", options[0], options[1], path]);
    assert_eq!(followed.0, 0, "{}", followed.2);
}

#[test]
fn what_is_no_database_is_an_error_by_name() {
    let inputs = logs();
    let path = inputs.path().to_str().unwrap();
    let whole = city();
    let wrong = database("GeoIP2-Domain", &[("81.2.69.0/24", json!({"domain": "example.org"}))]);
    for (name, bytes, why) in [
        ("cut.mmdb", &whole[..whole.len() / 2], "no MaxMind database"),
        ("text.mmdb", &b"no database"[..], "no MaxMind database"),
        ("domain.mmdb", &wrong, "of the type `GeoIP2-Domain`"),
    ] {
        let file = beside(&inputs, name, bytes);
        let (status, _, complaint) = output(&["report", path, "--geoip", &file]);
        assert!(status == 64 && complaint.contains(&file) && complaint.contains(why), "{complaint}");
    }
    // Its tree leads into what is no record: the report says so, and that it is not whole.
    let mut damaged = whole.clone();
    let at = damaged.windows(4).position(|bytes| bytes == b"\x42GB\xe7" || bytes[..3] == *b"\x42GB").unwrap();
    damaged[at] = 0xe2;
    let file = beside(&inputs, "damaged.mmdb", &damaged);
    let (status, text, _) = output(&["report", "--quiet", path, "--geoip", &file, "--width", "300"]);
    assert!(
        status == 2 && text.contains("where some addresses are") && text.contains("damaged.mmdb"),
        "{status} {text}"
    );
    let (status, _, complaint) = output(&["report", path, "--addresses", &file]);
    assert!(status == 64 && complaint.contains(&file), "{complaint}");
}

#[test]
fn lists_and_names_are_evidence() {
    // Guesses from one address, in a log that shows no success.
    let guess = |at: i64| {
        let line = Line::new(at * 2000, "authentication_failed").user("kim").from("81.2.69.142:1");
        line.request(&format!("r{at}")).end()
    };
    let lines: Vec<String> = (0..40).map(guess).collect();
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let path = inputs.path().to_str().unwrap();
    let bad = beside(&inputs, "bad.txt", b"81.2.69.0/24\n");
    let own = beside(&inputs, "own.toml", b"[networks]\noffice = [\"81.2.69.0/24\"]\n");
    let why = |options: &[&str]| -> String {
        let report = report(&[path], options);
        report
            .findings
            .iter()
            .flat_map(|finding| &finding.why)
            .map(|sentence| format!("{}\n", sentence.plain()))
            .collect()
    };
    let (plain, listed, named) = (why(&[]), why(&["--addresses", &bad]), why(&["--config", &own]));
    assert!(plain.contains("from outside the internal networks") && !plain.contains("calls bad"), "{plain}");
    assert!(listed.contains("a list given with --addresses calls bad"), "{listed}");
    assert!(!named.contains("from outside the internal networks"), "{named}");
    let trusted = why(&["--addresses", &format!("good={bad}")]);
    assert!(!trusted.contains("from outside the internal networks"), "{trusted}");
}

#[test]
fn pseudonyms_leave_the_country_alone() {
    let inputs = logs();
    let mut options = known(&inputs);
    options.extend(["--pseudonymize".to_owned(), beside(&inputs, "key", b"correct horse battery staple")]);
    let options: Vec<&str> = options.iter().map(String::as_str).collect();
    let output =
        esaudit(&[&["report", "--quiet", "--format", "json", inputs.path().to_str().unwrap()], &options[..]].concat());
    let text = String::from_utf8(output.stdout).unwrap();
    let report: Value = serde_json::from_str(&text).unwrap();
    let first = &report["addresses"][0];
    assert_eq!((&first["geo"]["country"], &first["listed"]["standing"]), (&json!("GB"), &json!("bad")));
    for hidden in ["81.2.69", "prowler", "ndon", "20712", "Arnold", "city.mmdb", "bad.txt"] {
        assert!(!text.contains(hidden), "{hidden}");
    }
}

/// Somebody who works in London for days gets in from Sydney, from a machine for hire, minutes after London, and makes a user.
#[test]
fn where_an_account_gets_in_is_evidence() {
    const HOUR: i64 = 3_600_000;
    let allowed = |at: i64, source: &str, action: &str| {
        let line = Line::on("n1", at, "access_granted").user("pat").text("user.realm", "native1");
        line.text("origin.type", "rest").from(source).request(&format!("r{at}")).text("action", action).end()
    };
    let day = |day: i64| {
        (0..12).map(move |hour| allowed(day * 24 * HOUR + hour * HOUR, "81.2.69.10:1", "indices:data/read/search"))
    };
    let mut lines: Vec<String> = (0..5).flat_map(day).collect();
    let entry = 4 * 24 * HOUR + 11 * HOUR + HOUR / 3;
    lines.push(allowed(entry, "1.128.0.7:1", "cluster:admin/xpack/security/user/put"));
    let change = Line::on("n1", entry + 1, "put_user").request(&format!("r{entry}"));
    lines.push(change.raw("put", r#"{"user":{"name":"x","roles":["superuser"]}}"#).end());
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let city = |code: &str, name: &str, latitude: f64, longitude: f64| json!({"country": {"iso_code": code, "names": {"en": name}}, "location": {"latitude": latitude, "longitude": longitude}});
    let blocks = [
        ("1.128.0.0/16", city("AU", "Australia", -33.9, 151.2)),
        ("81.2.69.0/24", city("GB", "United Kingdom", 51.5, -0.1)),
    ];
    let cities = beside(&inputs, "cities.mmdb", &database("GeoLite2-City", &blocks));
    let hired = database("GeoIP2-Anonymous-IP", &[("1.128.0.0/16", json!({"is_hosting_provider": true}))]);
    let hired = beside(&inputs, "hired.mmdb", &hired);
    let told = |options: &[&str]| {
        let report = report(&[inputs.path().to_str().unwrap()], options);
        let finding = report.findings.iter().find(|finding| finding.sources.contains(&"1.128.0.7".to_owned())).cloned();
        let finding = finding.unwrap_or_else(|| panic!("{:?}", report.findings));
        (finding.confidence, finding.why.iter().map(|why| format!("{}\n", why.plain())).collect::<String>())
    };
    let (without, plain) = told(&[]);
    let (with, why) = told(&["--geoip", &cities, "--geoip", &hired]);
    for sentence in [
        "It had not got in from Australia before",
        "Databases call the address hosting provider, and none from which it got in before",
        "It got in from 81.2.69.10 in United Kingdom as well, sooner than anybody travels",
    ] {
        assert!(why.contains(sentence) && !plain.contains(sentence), "{why}");
    }
    assert!(with > without, "{with} {without}");
    // Each of them speaks for itself, and what says that all is as ever speaks for nobody.
    let (by_place, of_place) = told(&["--geoip", &cities]);
    let (by_kind, of_kind) = told(&["--geoip", &hired]);
    assert!(by_place > without && by_kind > without && with > by_place.max(by_kind));
    assert!(of_place.contains("from Australia") && of_place.contains("sooner than") && !of_place.contains("hosting"));
    assert!(of_kind.contains("hosting provider") && !of_kind.contains("Australia"));
    let ever = [
        ("1.128.0.0/16", city("GB", "United Kingdom", 51.5, -0.1)),
        ("81.2.69.0/24", city("GB", "United Kingdom", 51.5, -0.1)),
    ];
    let ever = beside(&inputs, "ever.mmdb", &database("GeoLite2-City", &ever));
    assert_eq!(told(&["--geoip", &ever]), (without, plain));
}
