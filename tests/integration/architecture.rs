//! The data flows one way: every module imports only from those that stand above it in the list at the top of `src/lib.rs`,
//! and no two files of a folder import each other.
//!
//! What is read are the `use` lines and the paths in the code, tests aside. A file and the files of the folder that bears its
//! name (`a.rs`, `a/b.rs`) are one: the first declares the others.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Imports against the order: importing module, imported module, reason.
const AGAINST_THE_ORDER: &[(&str, &str, &str)] = &[];

/// Files that import each other, with the reason.
const CIRCLES: &[(&str, &str, &str)] = &[];

/// A module by the names on the way to it: `["decode", "csv"]`.
type Module = Vec<String>;

/// The files below a folder of sources, by module.
fn modules(root: &Path) -> BTreeMap<Module, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![(root.to_owned(), Module::new())];
    while let Some((folder, within)) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let module: Module = within.iter().cloned().chain([name.clone()]).collect();
            if path.is_dir() {
                folders.push((path, module));
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let module = if name == "mod" { within.clone() } else { module };
                found.insert(module, code(&std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found
}

/// A file without its comments and tests.
fn code(text: &str) -> String {
    let (mut kept, mut lines) = (String::new(), text.lines().peekable());
    while let Some(line) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            // Modules of tests close a file; a test's `use` or `mod` is one line.
            match lines.next() {
                Some(next) if next.trim_end().ends_with('{') && next.trim_start().starts_with("mod ") => break,
                _ => continue,
            }
        }
        kept.push_str(line.split("//").next().unwrap_or_default());
        kept.push('\n');
    }
    kept
}

/// The paths of a `use` tree: `crate::{a, b::c}` is `crate::a` and `crate::b::c`.
fn paths(tree: &str) -> Vec<String> {
    let Some((before, list)) = tree.split_once('{') else {
        return vec![tree.split(" as ").next().unwrap_or_default().trim().to_owned()];
    };
    let list = list.trim_end().strip_suffix('}').unwrap_or(list);
    let (mut found, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, byte) in list.bytes().enumerate().chain([(list.len(), b',')]) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth == 0 => {
                let branch = list[start..at].trim();
                if !branch.is_empty() {
                    found.extend(paths(&format!("{}{branch}", before.trim())));
                }
                start = at + 1;
            }
            _ => {}
        }
    }
    found
}

/// Every path into the same package that the code names.
fn named(code: &str) -> Vec<String> {
    let (mut found, mut rest) = (Vec::new(), String::new());
    let mut open: Option<String> = None;
    for line in code.lines() {
        let begun = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(super) ");
        if let Some(tree) = begun.strip_prefix("use ") {
            open = Some(tree.to_owned());
        } else if let Some(tree) = &mut open {
            tree.push_str(line.trim());
        } else {
            rest.push_str(line);
            rest.push('\n');
        }
        if let Some(tree) = open.take_if(|tree| tree.trim_end().ends_with(';')) {
            found.extend(paths(tree.trim_end().trim_end_matches(';')));
        }
    }
    for (at, _) in rest.match_indices("crate::").chain(rest.match_indices("super::")) {
        let inside = rest[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        let path = rest[at..].split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).next();
        found.extend(path.filter(|_| !inside).map(str::to_owned));
    }
    found
}

/// The module that a path names, seen from another.
fn target(path: &str, from: &Module, known: &BTreeMap<Module, String>) -> Option<Module> {
    let mut parts = path.split("::").map(str::trim).peekable();
    let mut full = match parts.peek() {
        Some(&"crate") => Module::new(),
        Some(&"self" | &"super") => from.clone(),
        _ => return None,
    };
    for part in parts {
        match part {
            "crate" | "self" => {}
            "super" => drop(full.pop()),
            name => full.push(name.to_owned()),
        }
    }
    while !full.is_empty() && !known.contains_key(&full) {
        full.pop();
    }
    (!full.is_empty()).then_some(full)
}

/// Which module imports from which, within one package.
fn imports(root: &str) -> BTreeSet<(Module, Module)> {
    let known = modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join(root));
    let testing = |module: &Module| module.iter().any(|name| name == "tests" || name == "testing");
    let top = |module: &Module| matches!(module.as_slice(), [name] if name == "lib" || name == "main");
    let files = known.iter().filter(|(module, _)| !testing(module) && !top(module));
    files
        .flat_map(|(from, code)| {
            named(code).into_iter().filter_map(|path| Some((from.clone(), target(&path, from, &known)?)))
        })
        .filter(|(from, to)| from != to)
        .collect()
}

/// The modules in the order of the list in `src/lib.rs`.
fn order() -> Vec<String> {
    let lib = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let list = lib.split("```text").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let lines = list.lines().map(|line| line.trim_start_matches("//!").trim());
    let names = lines.filter_map(|line| line.split("  ").next());
    names
        .flat_map(|names| names.split(','))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}

#[test]
fn every_module_stands_in_the_order_once() {
    let mut listed = order();
    listed.sort();
    let known = modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let tops: BTreeSet<String> = known.keys().map(|module| module[0].clone()).collect();
    let tops: Vec<String> = tops.into_iter().filter(|name| name != "lib" && name != "main").collect();
    assert_eq!(listed, tops);
}

#[test]
fn modules_import_from_those_above_only() {
    let order = order();
    let place = |module: &Module| order.iter().position(|name| *name == module[0]);
    let against: BTreeSet<(String, String)> = imports("src")
        .iter()
        .filter(|(from, to)| from[0] != to[0] && place(from) < place(to))
        .map(|(from, to)| (from[0].clone(), to[0].clone()))
        .collect();
    let excused: BTreeSet<(String, String)> =
        AGAINST_THE_ORDER.iter().map(|&(from, to, _)| (from.to_owned(), to.to_owned())).collect();
    assert_eq!(against, excused, "imports against the order of src/lib.rs, and the exceptions to it");
}

/// Pairs of files of one folder that import each other.
fn circles(root: &str) -> BTreeSet<(String, String)> {
    let siblings: BTreeSet<(String, String)> = imports(root)
        .iter()
        .filter_map(|(from, to)| {
            let shared = from.iter().zip(to).take_while(|(one, other)| one == other).count();
            let named = |module: &Module| module.get(..=shared).map(|names| names.join("/"));
            Some((named(from)?, named(to)?))
        })
        .collect();
    let mutual = |(from, to): &&(String, String)| from < to && siblings.contains(&(to.clone(), from.clone()));
    siblings.iter().filter(mutual).cloned().collect()
}

#[test]
fn no_two_files_of_a_folder_import_each_other() {
    let excused = |list: &[(&str, &str, &str)]| -> BTreeSet<(String, String)> {
        list.iter().map(|&(one, other, _)| (one.to_owned(), other.to_owned())).collect()
    };
    let met: BTreeSet<(String, String)> = circles("src").into_iter().filter(|(one, _)| one.contains('/')).collect();
    assert_eq!(met, excused(CIRCLES), "files that import each other, and the exceptions");
    assert_eq!(circles("crates/esaudit-gen/src"), BTreeSet::new());
    assert_eq!(circles("crates/test-support/src"), BTreeSet::new());
}

/// A name stands for one thing: no type that a file holds, public or not, is called as one of another file.
#[test]
fn a_type_name_stands_for_one_thing() {
    let mut files_of: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let known = modules(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    for (module, code) in known.iter().filter(|(module, _)| module.iter().all(|name| name != "tests")) {
        for line in code.lines() {
            let visible = ["pub(crate) ", "pub(super) ", "pub "].iter().find_map(|prefix| line.strip_prefix(prefix));
            let mut words = visible.unwrap_or(line).split(|c: char| !(c.is_alphanumeric() || c == '_'));
            if let Some("struct" | "enum" | "trait" | "type") = words.next() {
                files_of.entry(words.next().unwrap().to_owned()).or_default().push(module.join("::"));
            }
        }
    }
    assert!(files_of.len() > 300, "{}", files_of.len());
    files_of.retain(|_, files| files.len() > 1);
    assert_eq!(files_of, BTreeMap::new(), "types of one name");
}

#[test]
fn imports_are_read_as_they_are_written() {
    let text = "use crate::{a, b::{c, d as e}};\nuse super::f;\n\n// crate::no\nfn g() -> crate::h::I {}\n#[cfg(test)]\nmod tests {\n    use crate::j;\n}\n";
    assert_eq!(named(&code(text)), ["crate::a", "crate::b::c", "crate::b::d", "super::f", "crate::h::I"]);
}

/// The files that the page lists for an addition.
fn listed(page: &str, addition: &str) -> Vec<String> {
    let section = page.split(&format!("### {addition}\n")).nth(1).unwrap().split("\n### ").next().unwrap();
    let bullets = section.lines().filter_map(|line| line.strip_prefix("- `"));
    bullets.map(|line| line.split('`').next().unwrap().to_owned()).collect()
}

/// What the page promises of additions holds: an envelope is two lines of registries beside its own file, a member four files,
/// since its names stand in one table and nowhere else.
#[test]
fn additions_touch_the_files_that_the_page_lists() {
    /// Files that name a member for another reason than to read it.
    const OTHERS: &[(&str, &str)] = &[
        ("context/settings", "events that settings name"),
        ("data/ecs", "the names that events are written under"),
        ("data/ocsf", "which members its own stand for"),
        ("data/ocsf_tables", "the same in tables"),
        ("decode/mod", "how damaged records begin"),
        ("decode/dumps/sniff", "how records begin, which are no dumps"),
        ("decode/members", "which member lists indices"),
        ("decode/members/change", "users inside of changes"),
        ("decode/members/paths", "a list of names that is not gone into"),
        ("decode/quotation", "what texts of clients may look like"),
        ("decode/text_event", "which texts a client wrote"),
        ("fast_reader/server/json", "the layouts of server lines"),
        ("framing/csv/header", "which columns tell a table of events"),
        ("framing/documents/sniff", "what containers do not have"),
        ("sigma/rule", "names that rules of others use"),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    assert_eq!(listed(&page, "A wire format or an envelope").len(), 2);
    assert_eq!(listed(&page, "A member of audit events").len(), 4);
    let known = modules(&root.join("src"));
    let table = &known[&vec!["event".to_owned(), "members".to_owned()]];
    // One word may be the name of anything.
    let names: BTreeSet<&str> = table.split("b\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let names: BTreeSet<&str> = names.into_iter().filter(|name| name.contains('.')).collect();
    assert!(names.len() > 30, "{names:?}");
    let named = |code: &str| {
        names.iter().any(|name| code.contains(&format!("{name}\"")) || code.contains(&format!("{name}\\\"")))
    };
    let testing = |module: &Module| module.iter().any(|name| name == "tests" || name == "testing");
    let files: Vec<String> = known
        .iter()
        .filter(|(module, code)| !testing(module) && named(code) && module.join("/") != "event/members")
        .map(|(module, _)| if *module == ["decode"] { "decode/mod".to_owned() } else { module.join("/") })
        .collect();
    let excused: Vec<&str> = OTHERS.iter().map(|(file, _)| *file).collect();
    assert_eq!(files, excused, "files that name members of audit events beside the table, and why they may");
    // The names of shapes and framings stand in their registries and in their own files.
    for registry in listed(&page, "A wire format or an envelope") {
        let code = std::fs::read_to_string(root.join(&registry)).unwrap();
        assert!(code.contains("static"), "{registry} holds no registry");
    }
}

/// The page for newcomers names files that are there.
#[test]
fn the_architecture_page_names_files_that_exist() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    let prose: String = page.split("```").step_by(2).collect();
    let named: BTreeSet<&str> = prose.split('`').skip(1).step_by(2).filter(|name| name.contains('/')).collect();
    assert!(named.len() > 10, "{named:?}");
    for name in named {
        assert!(root.join(name).exists(), "docs/architecture.md names {name}, which is not there");
    }
}
