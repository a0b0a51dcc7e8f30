//! Break-ins of which everything is known: who did what to which index in how many requests and events, beside the ordinary
//! life of a cluster. Written from the description of what must be told; shares nothing with the code that tells it.

use std::collections::{BTreeMap, BTreeSet};

use crate::Inputs;
use crate::line::Line;

/// Day, hour and second in milliseconds.
pub const DAY: i64 = 24 * HOUR;
pub const HOUR: i64 = 3600 * SECOND;
pub const SECOND: i64 = 1000;

/// The address of the intruder, and one from which what was left behind is used.
pub const INTRUDER: &str = "198.51.100.7";
pub const ELSEWHERE: &str = "203.0.113.99";

/// Where somebody spends a holiday.
const HOTEL: &str = "192.0.2.80";

/// The address of Kibana, and the coordinating node's.
pub const KIBANA: &str = "10.0.0.5";
const NODE: &str = "10.0.9.1:9300";

/// When the intruder gets in: at night, after three days of ordinary life.
pub const ENTRY: i64 = 3 * DAY + 2 * HOUR;

/// What a break-in is like.
#[derive(Debug, Clone, Copy)]
pub struct Setup {
    pub seed: u64,
    /// The intruder comes through Kibana, where everybody has one address.
    pub by_kibana: bool,
    /// The password was stolen: nobody guessed it.
    pub stolen: bool,
    /// Node `n3`, at which some of the requests come in, writes no access_granted.
    pub silent_node: bool,
    /// Scrolls.
    pub scrolls: u32,
}

impl Default for Setup {
    fn default() -> Self {
        Self { seed: 1, by_kibana: false, stolen: false, silent_node: false, scrolls: 300 }
    }
}

/// Requests and events by index and class.
pub type Reach = BTreeMap<(Option<String>, String), (u64, u64)>;

/// What is true of a break-in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Truth {
    pub reached: Reach,
    /// Refused: action and index, requests.
    pub denied: BTreeMap<(String, Option<String>), u64>,
    /// Powerful actions, by action and whether they were allowed.
    pub powerful: BTreeMap<(String, bool), u64>,
    /// Kind and name of what was made, and how often it was used from where.
    pub persistence: BTreeMap<(String, String), BTreeMap<String, u64>>,
    /// Requests in all.
    pub requests: u64,
}

/// A log and its truth.
pub struct BreakIn {
    pub inputs: Inputs,
    pub truth: Truth,
}

/// An event of a request: what it is about.
struct Part<'p> {
    node: &'p str,
    action: &'p str,
    indices: &'p [&'p str],
}

/// Who makes a request.
#[derive(Clone, Copy)]
struct Caller<'c> {
    user: &'c str,
    source: &'c str,
    key: Option<&'c str>,
    run_by: Option<&'c str>,
    token: Option<&'c str>,
}

impl<'c> Caller<'c> {
    fn of(user: &'c str, source: &'c str) -> Self {
        Self { user, source, key: None, run_by: None, token: None }
    }
}

struct Log {
    lines: BTreeMap<&'static str, Vec<(i64, String)>>,
    setup: Setup,
    next: u64,
    state: u64,
    truth: Truth,
}

impl Log {
    fn chance(&mut self, below: u64) -> u64 {
        // Knuth's MMIX generator; its high bits are what is used.
        self.state = self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 33) % below.max(1)
    }

    fn id(&mut self) -> String {
        self.next += 1;
        format!("r{:021}", self.next)
    }

    fn write(&mut self, node: &str, time: i64, line: Line) {
        let known = ["n1", "n2", "n3"].into_iter().find(|name| *name == node).unwrap();
        self.lines.entry(known).or_default().push((time, line.end()));
    }

    fn event(&mut self, at: (&str, i64), event: &str, caller: Caller<'_>, origin: &str) -> Line {
        let port = 30_000 + self.chance(20_000);
        let address = if origin == "rest" { format!("{}:{port}", caller.source) } else { NODE.to_owned() };
        let mut line = Line::on(at.0, at.1, event).user(caller.user).text("user.realm", "native1");
        if let Some(run_by) = caller.run_by {
            line = line.text("user.run_by.name", run_by);
        }
        if let Some(key) = caller.key {
            let name = if key == "LASTING-KEY" { "sync" } else { "a-key" };
            line = line.text("apikey.id", key).text("apikey.name", name);
        }
        if let Some(token) = caller.token {
            line = line.text("authentication.token.name", token);
        }
        line.text("origin.type", origin).from(&address)
    }

    /// A request of several events; the first is written where it came in. What is counted of it is what is written.
    fn request(&mut self, time: i64, caller: Caller<'_>, granted: bool, parts: &[Part<'_>]) -> (String, Vec<usize>) {
        let id = self.id();
        let mut written = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let origin = if at == 0 { "rest" } else { "transport" };
            if at == 0 && self.setup.silent_node && part.node == "n3" && granted {
                // What this node writes down is that somebody came in.
                let line = self.event((part.node, time), "authentication_success", caller, "rest");
                self.write(part.node, time, line.request(&id));
                continue;
            }
            if self.setup.silent_node && part.node == "n3" {
                continue;
            }
            written.push(at);
            let event = if granted { "access_granted" } else { "access_denied" };
            let mut line = self.event((part.node, time + at as i64), event, caller, origin);
            line = line.request(&id).text("action", part.action).text("request.name", "SomeRequest");
            if !part.indices.is_empty() {
                line = line.raw("indices", &serde_json::to_string(part.indices).unwrap());
            }
            self.write(part.node, time + at as i64, line);
        }
        (id, written)
    }

    /// The same of the intruder: counted in the truth, by the classes that each part is of.
    fn reach(&mut self, time: i64, caller: Caller<'_>, parts: &[(Part<'_>, &str)]) -> String {
        let only: Vec<Part<'_>> = parts
            .iter()
            .map(|(part, _)| Part { node: part.node, action: part.action, indices: part.indices })
            .collect();
        let (id, written) = self.request(time, caller, true, &only);
        self.truth.requests += 1;
        let mut classes: BTreeMap<&str, Vec<&Part<'_>>> = BTreeMap::new();
        for &at in &written {
            classes.entry(parts[at].1).or_default().push(&parts[at].0);
        }
        for (class, parts) in classes {
            let names: BTreeSet<&str> = parts.iter().flat_map(|part| part.indices).copied().collect();
            let mut count = |index: Option<&str>, events: usize| {
                let key = (index.map(str::to_owned), class.to_owned());
                let row = self.truth.reached.entry(key).or_default();
                *row = (row.0 + 1, row.1 + events as u64);
            };
            if names.is_empty() {
                count(None, parts.len());
            }
            for name in names {
                let of = |part: &&&Part<'_>| part.indices.is_empty() || part.indices.contains(&name);
                count(Some(name), parts.iter().filter(of).count());
            }
        }
        id
    }

    /// A request of one event.
    fn one(&mut self, time: i64, caller: Caller<'_>, action: &str, class: &str, indices: &[&str]) -> String {
        let powerful = matches!(
            class,
            "delete_index" | "snapshot" | "restore" | "reindex" | "settings" | "security" | "keys" | "templates"
        );
        if powerful || indices.iter().any(|index| index.starts_with(".security")) {
            *self.truth.powerful.entry((action.to_owned(), true)).or_default() += 1;
        }
        self.reach(time, caller, &[(Part { node: "n1", action, indices }, class)])
    }

    fn change(&mut self, time: i64, id: &str, event: &str, verb: &str, body: &str) {
        let line = Line::on("n1", time, event).request(id).raw(verb, body);
        self.write("n1", time, line);
    }

    /// A use of something that was made.
    fn used(&mut self, kind: &str, name: &str, source: &str) {
        let uses = self.truth.persistence.entry((kind.to_owned(), name.to_owned())).or_default();
        *uses.entry(source.to_owned()).or_default() += 1;
    }

    fn made(&mut self, kind: &str, name: &str) {
        self.truth.persistence.entry((kind.to_owned(), name.to_owned())).or_default();
    }
}

/// A break-in with everything that an intruder may do, among people and machines at their work.
pub fn break_in(setup: Setup) -> BreakIn {
    let mut log = Log {
        lines: ["n1", "n2", "n3"].into_iter().map(|node| (node, Vec::new())).collect(),
        setup,
        next: 0,
        state: setup.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1,
        truth: Truth::default(),
    };
    ordinary_life(&mut log);
    intrusion(&mut log);
    let mut inputs = Inputs::new();
    for (node, mut lines) in std::mem::take(&mut log.lines) {
        lines.sort_by_key(|(time, _)| *time);
        let lines: Vec<String> = lines.into_iter().map(|(_, line)| line).collect();
        inputs.add(&format!("{node}_audit.json"), &crate::ended(&lines));
    }
    BreakIn { inputs, truth: log.truth }
}

/// People, a pipeline, backups, a policy that deletes, an administrator's maintenance, a new employee, a holiday, a migration:
/// seven days of it.
fn ordinary_life(log: &mut Log) {
    let kibana = |log: &Log, own: &'static str| if log.setup.by_kibana { KIBANA } else { own };
    let people = [("alice", "10.1.0.11"), ("bob", "10.1.0.12"), ("carol", "10.1.0.13"), ("dora", "10.1.0.14")];
    for day in 0..7 {
        for (name, own) in people {
            // She began on the fifth day.
            if name == "dora" && day < 4 {
                continue;
            }
            // He was on holiday from the second day to the fifth.
            if name == "carol" && (1..5).contains(&day) {
                continue;
            }
            for _ in 0..15 {
                let time = day * DAY + 8 * HOUR + log.chance((9 * HOUR) as u64) as i64;
                let source = kibana(log, own);
                let index = if log.chance(4) == 0 { "orders-old".to_owned() } else { format!("logs-{name}") };
                let indices = [index.as_str()];
                let parts = [
                    Part { node: "n1", action: "indices:data/read/search", indices: &indices },
                    Part { node: "n2", action: "indices:data/read/search[phase/query]", indices: &indices },
                ];
                log.request(time, Caller::of(name, source), true, &parts);
            }
        }
        for hour in 0..24 {
            let time = day * DAY + hour * HOUR + log.chance(3_000_000) as i64;
            let ci = Caller { key: Some("CI-KEY"), ..Caller::of("svc-ci", "10.2.0.9") };
            let parts = [
                Part { node: "n1", action: "indices:data/write/bulk", indices: &[] },
                Part { node: "n2", action: "indices:data/write/bulk[s]", indices: &["builds"] },
            ];
            log.request(time, ci, true, &parts);
            // Alice's own program, at its place, with its key.
            let parts = [Part { node: "n1", action: "indices:data/read/search", indices: &["reports"] }];
            let own = Caller { key: Some("ALICE-KEY"), ..Caller::of("alice", "10.2.0.10") };
            log.request(time + 1000, own, true, &parts);
            let line = log.event(("n1", time), "access_granted", Caller::of("kibana_system", KIBANA), "rest");
            let id = log.id();
            log.write(
                "n1",
                time,
                line.request(&id).text("action", "indices:data/read/search").raw("indices", r#"[".kibana"]"#),
            );
        }
        let backup =
            [Part { node: "n1", action: "cluster:admin/snapshot/create", indices: &["orders-2026", "logs-bob"] }];
        log.request(day * DAY + HOUR, Caller::of("svc-backup", "10.2.0.11"), true, &backup);
        // A policy that alice put acts in her name, by the node itself.
        let line = log.event(("n1", day * DAY + 3 * HOUR), "access_granted", Caller::of("alice", ""), "local_node");
        let id = log.id();
        let line = line.request(&id).text("action", "indices:admin/delete").raw("indices", r#"["logs-rolled"]"#);
        log.write("n1", day * DAY + 3 * HOUR, line);
        let maintenance =
            [Part { node: "n1", action: "indices:admin/settings/update", indices: &["orders-2026", "orders-old"] }];
        log.request(day * DAY + 22 * HOUR, Caller::of("root.admin", "10.1.0.2"), true, &maintenance);
    }
    let made = log.request(
        4 * DAY + 7 * HOUR,
        Caller::of("root.admin", "10.1.0.2"),
        true,
        &[Part { node: "n1", action: "cluster:admin/xpack/security/user/put", indices: &[] }],
    );
    log.change(
        4 * DAY + 7 * HOUR + 1,
        &made.0,
        "put_user",
        "put",
        r#"{"user":{"name":"dora","enabled":true,"roles":["reader"]}}"#,
    );
    migration(log);
    // On the last day of it he looked after his dashboards, from where he was.
    for at in 0..6 {
        let indices = ["logs-carol"];
        let read = [Part { node: "n1", action: "indices:data/read/search", indices: &indices }];
        let place = if log.setup.by_kibana { KIBANA } else { HOTEL };
        log.request(4 * DAY + 19 * HOUR + at * 90 * SECOND, Caller::of("carol", place), true, &read);
    }
}

/// Old indices are copied to new ones in the night of the break-in, and the night after: for each a new index, a reindex of
/// thousands of writes, an alias that moves, the old one deleted; by an administrator's program with a key made for it.
fn migration(log: &mut Log) {
    let admin = Caller::of("root.admin", "10.1.0.2");
    let start = ENTRY - 3 * HOUR;
    let make = [Part { node: "n1", action: "cluster:admin/xpack/security/api_key/create", indices: &[] }];
    let (id, _) = log.request(start, admin, true, &make);
    log.change(start + 1, &id, "create_apikey", "create", r#"{"apikey":{"id":"MOVE-KEY","name":"migration"}}"#);
    let program = Caller { key: Some("MOVE-KEY"), ..Caller::of("root.admin", "10.2.0.20") };
    for (at, night) in [(0_i64, 0_i64), (1, 0), (2, DAY), (3, DAY)] {
        let time = start + night + (1 + at) * 40 * 60 * SECOND;
        let (old, new) = (format!("archive-{at}"), format!("archive-{at}-v2"));
        let (from, to) = ([old.as_str()], [new.as_str()]);
        let step = |log: &mut Log, after: i64, action, indices: &[&str]| {
            log.request(time + after, program, true, &[Part { node: "n1", action, indices }]);
        };
        step(log, 0, "indices:admin/create", &to);
        step(log, SECOND, "indices:admin/settings/update", &to);
        let copied = [
            Part { node: "n1", action: "indices:data/write/reindex", indices: &[] },
            Part { node: "n1", action: "indices:data/read/search", indices: &from },
            Part { node: "n2", action: "indices:data/write/bulk", indices: &[] },
            Part { node: "n2", action: "indices:data/write/bulk[s]", indices: &to },
        ];
        log.request(time + 2 * SECOND, program, true, &copied);
        for page in 0..200 {
            step(log, 3 * SECOND + page * 2 * SECOND, "indices:data/read/scroll", &[]);
            step(log, 4 * SECOND + page * 2 * SECOND, "indices:data/write/bulk", &to);
        }
        step(log, 900 * SECOND, "indices:admin/aliases", &[old.as_str(), new.as_str()]);
        step(log, 910 * SECOND, "indices:admin/delete", &from);
    }
}

/// What the intruder does, in the first hour and on the days after.
fn intrusion(log: &mut Log) {
    let place = if log.setup.by_kibana { KIBANA } else { INTRUDER };
    if !log.setup.stolen {
        for attempt in 0..45 {
            let time = ENTRY - 600 * SECOND + attempt * 12 * SECOND;
            let (id, caller) = (log.id(), Caller::of("alice", place));
            for realm in ["reserved", "native1"] {
                let line = log.event(("n1", time), "realm_authentication_failed", caller, "rest");
                log.write("n1", time, line.realm(realm).request(&id));
            }
            let line = log.event(("n1", time), "authentication_failed", caller, "rest");
            log.write("n1", time, line.request(&id));
        }
    }
    let alice = Caller::of("alice", place);
    log.one(ENTRY, alice, "cluster:admin/xpack/security/user/authenticate", "discovery", &[]);
    for (at, index) in ["orders-2026", "customers", "payroll"].into_iter().enumerate() {
        let (time, indices) = (ENTRY + (20 + at as i64) * SECOND, [index]);
        let search = |node| (Part { node, action: "indices:data/read/search", indices: &indices }, "search");
        let child = Part { node: "n2", action: "indices:data/read/search[phase/query]", indices: &indices };
        log.reach(time, alice, &[search("n1"), (child, "search")]);
        // The same at the node that may be silent: its part on another node shows.
        let child = Part { node: "n2", action: "indices:data/read/search[phase/query]", indices: &indices };
        log.reach(time + 500, alice, &[search("n3"), (child, "search")]);
    }
    let both = ["customers", "payroll"];
    let parts = [
        (Part { node: "n1", action: "indices:data/read/msearch", indices: &[] }, "search"),
        (Part { node: "n1", action: "indices:data/read/search", indices: &both[..1] }, "search"),
        (Part { node: "n2", action: "indices:data/read/search", indices: &both }, "search"),
    ];
    log.reach(ENTRY + 25 * SECOND, alice, &parts);
    for at in 0..i64::from(log.setup.scrolls) {
        log.one(ENTRY + 30 * SECOND + at * 50, alice, "indices:data/read/scroll", "bulk_read", &[]);
    }
    let late = ENTRY + 40 * 60 * SECOND;
    log.one(late, alice, "cluster:admin/repository/put", "snapshot", &[]);
    log.one(late + SECOND, alice, "cluster:admin/snapshot/create", "snapshot", &["orders-2026", "customers"]);
    log.one(late + 2 * SECOND, alice, "indices:admin/delete", "delete_index", &["payroll"]);
    log.one(late + 3 * SECOND, alice, "indices:data/read/search", "search", &[".security-7"]);
    let bulk = [
        (Part { node: "n1", action: "indices:data/write/bulk", indices: &[] }, "write"),
        (Part { node: "n2", action: "indices:data/write/bulk[s]", indices: &["customers"] }, "write"),
        (Part { node: "n2", action: "indices:data/write/bulk[s]", indices: &["customers"] }, "write"),
    ];
    log.reach(late + 4 * SECOND, alice, &bulk);
    let nothing = [(Part { node: "n1", action: "indices:data/read/search", indices: &["*", "-*"] }, "search")];
    // No index matched: none is named.
    let (id, _) = log.request(
        late + 5 * SECOND,
        alice,
        true,
        &[Part { node: "n1", action: nothing[0].0.action, indices: &["*", "-*"] }],
    );
    assert!(!id.is_empty());
    log.truth.requests += 1;
    let row = log.truth.reached.entry((None, "search".to_owned())).or_default();
    *row = (row.0 + 1, row.1 + 1);
    for _ in 0..3 {
        log.request(
            late + 6 * SECOND,
            alice,
            false,
            &[Part { node: "n1", action: "indices:admin/close", indices: &["hr"] }],
        );
        log.truth.requests += 1;
        *log.truth.denied.entry(("indices:admin/close".to_owned(), Some("hr".to_owned()))).or_default() += 1;
    }
    run_as(log, late + 10 * SECOND, place);
    lasting(log, late + 20 * SECOND, place);
}

fn run_as(log: &mut Log, time: i64, place: &str) {
    let id = log.id();
    let line = log.event(("n1", time), "run_as_granted", Caller::of("alice", place), "rest");
    let line = line.text("user.run_as.name", "elastic").request(&id).text("action", "indices:data/read/get");
    log.write("n1", time, line);
    *log.truth.powerful.entry(("run_as_granted".to_owned(), true)).or_default() += 1;
    let caller = Caller { run_by: Some("alice"), ..Caller::of("elastic", place) };
    let line = log.event(("n1", time), "access_granted", caller, "rest");
    log.write("n1", time, line.request(&id).text("action", "indices:data/read/get").raw("indices", r#"["hr"]"#));
    log.truth.requests += 1;
    log.truth.reached.insert((Some("hr".to_owned()), "read".to_owned()), (1, 1));
}

/// What stays: a superuser, a key, a token of a service account; used there and then, and days later from elsewhere.
fn lasting(log: &mut Log, time: i64, place: &str) {
    let alice = Caller::of("alice", place);
    let id = log.one(time, alice, "cluster:admin/xpack/security/user/put", "security", &[]);
    log.change(
        time + 1,
        &id,
        "put_user",
        "put",
        r#"{"user":{"name":"helpdesk2","enabled":true,"roles":["superuser"]}}"#,
    );
    log.made("user", "helpdesk2");
    let id = log.one(time + SECOND, alice, "cluster:admin/xpack/security/api_key/create", "keys", &[]);
    log.change(time + SECOND + 1, &id, "create_apikey", "create", r#"{"apikey":{"id":"LASTING-KEY","name":"sync"}}"#);
    log.made("api_key", "sync");
    let id =
        log.one(time + 2 * SECOND, alice, "cluster:admin/xpack/security/service_account/token/create", "keys", &[]);
    let body = r#"{"service_token":{"namespace":"elastic","service":"fleet-server","name":"t1"}}"#;
    log.change(time + 2 * SECOND + 1, &id, "create_service_token", "create", body);
    log.made("service_token", "t1");
    // The key, from where the intruder is: the intruder's own.
    let key = Caller { key: Some("LASTING-KEY"), ..alice };
    for at in 0..4 {
        log.one(time + (3 + at) * SECOND, key, "indices:data/read/search", "search", &["customers"]);
        log.used("api_key", "sync", place);
    }
    // The password of the account is set anew; the key outlives that.
    let reset = [Part { node: "n1", action: "cluster:admin/xpack/security/user/change_password", indices: &[] }];
    let (id, _) = log.request(ENTRY + 7 * HOUR, Caller::of("root.admin", "10.1.0.2"), true, &reset);
    log.change(ENTRY + 7 * HOUR + 1, &id, "change_password", "change", r#"{"password":{"user":{"name":"alice"}}}"#);
    for at in 0..5 {
        let time = ENTRY + DAY + at * 60 * SECOND;
        let read = [Part { node: "n1", action: "indices:data/read/search", indices: &["payroll-2"] }];
        log.request(time, Caller::of("helpdesk2", ELSEWHERE), true, &read);
        log.used("user", "helpdesk2", ELSEWHERE);
        log.request(time + SECOND, Caller { source: ELSEWHERE, ..key }, true, &read);
        log.used("api_key", "sync", ELSEWHERE);
        let token = Caller { token: Some("t1"), ..Caller::of("elastic/fleet-server", ELSEWHERE) };
        log.request(time + 2 * SECOND, token, true, &read);
        log.used("service_token", "t1", ELSEWHERE);
    }
}
