//! The manual: every page is rendered, and has neither tables that are none nor links that lead nowhere; the pages on findings say
//! what `esaudit explain` says.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Component, Path, PathBuf};

use esaudit::internals::judge;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};
use test_support::esaudit;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every page, by its path in the repository.
fn pages() -> BTreeMap<PathBuf, String> {
    let mut pages = BTreeMap::new();
    let mut folders = vec![root().join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let text = fs::read_to_string(&path).unwrap();
                pages.insert(path.strip_prefix(root()).unwrap().to_owned(), text);
            }
        }
    }
    for name in ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "testdata/README.md"] {
        pages.insert(name.into(), fs::read_to_string(root().join(name)).unwrap());
    }
    pages
}

/// What a page has: anchors, links, and the text outside of code.
#[derive(Default)]
struct Rendered {
    anchors: Vec<String>,
    links: Vec<String>,
    text: Vec<String>,
}

/// The anchor of a heading as GitHub and mdBook make it: lower case, blanks to hyphens, other signs dropped.
fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter(|c| c.is_alphanumeric() || [' ', '-', '_'].contains(c));
    kept.collect::<String>().trim().to_lowercase().replace(' ', "-")
}

fn rendered(page: &str) -> Rendered {
    let mut out = Rendered::default();
    let (mut heading, mut in_code) = (None::<String>, false);
    for event in Parser::new_ext(page, Options::ENABLE_TABLES) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::End(TagEnd::Heading(_)) => out.anchors.extend(heading.take().map(|text| anchor(&text))),
            Event::Start(Tag::CodeBlock(_)) => in_code = true,
            Event::End(TagEnd::CodeBlock) => in_code = false,
            Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
                out.links.push(dest_url.into_string());
            }
            Event::Text(text) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&text);
                }
                if !in_code {
                    out.text.push(text.into_string());
                }
            }
            Event::Code(code) => {
                if let Some(heading) = &mut heading {
                    heading.push_str(&code);
                }
            }
            _ => {}
        }
    }
    out
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(out.pop()),
            Component::CurDir => {}
            part => out.push(part),
        }
    }
    out
}

#[test]
fn every_page_has_whole_tables_and_links_that_lead_somewhere() {
    let pages: BTreeMap<PathBuf, Rendered> = pages().into_iter().map(|(path, text)| (path, rendered(&text))).collect();
    let mut wrong = Vec::new();
    for (path, page) in &pages {
        // A table that a blank line broke is text with bars.
        let bars = page.text.iter().filter(|text| text.contains(" | ") || text.starts_with("| "));
        wrong.extend(bars.map(|text| format!("{}: a table that is none: {text}", path.display())));
        for link in page.links.iter().filter(|link| !link.contains("://")) {
            let (file, fragment) = link.split_once('#').unwrap_or((link, ""));
            let target = if file.is_empty() { path.clone() } else { plain(&path.with_file_name("").join(file)) };
            let is_there = root().join(&target).exists();
            let has_anchor = fragment.is_empty()
                || pages.get(&target).is_none_or(|page| page.anchors.iter().any(|known| known == fragment));
            if !is_there || !has_anchor {
                wrong.push(format!("{}: {link} leads nowhere", path.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_broken_table_is_seen() {
    let broken = rendered("| a | b |\n|---|---|\n| 1 | 2 |\n\n| 3 | 4 |\n");
    assert!(broken.text.iter().any(|text| text.contains(" | ") || text.starts_with("| ")), "{:?}", broken.text);
    assert_eq!(anchor("What is `read`, 2"), "what-is-read-2");
}

#[test]
fn the_table_of_contents_names_every_page() {
    let pages = pages();
    let contents = rendered(&pages[Path::new("docs/SUMMARY.md")]).links;
    let missing = pages.keys().filter_map(|path| path.strip_prefix("docs").ok()).filter(|path| {
        let name = path.to_str().unwrap();
        !(name.starts_with("decisions/") && name != "decisions/README.md") && name != "SUMMARY.md"
    });
    let missing: Vec<&Path> = missing.filter(|path| !contents.iter().any(|link| Path::new(link) == *path)).collect();
    assert!(missing.is_empty(), "docs/SUMMARY.md lacks {missing:?}");
}

/// What `esaudit explain` says of a kind, as a page of its own.
fn page_of(kind: &str) -> String {
    let output = esaudit(&["explain", kind, "--format", "md"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let (_, page) = text.split_once("\n## ").unwrap();
    format!("# {}", page.replace("\n### ", "\n## "))
}

#[test]
fn the_pages_on_findings_say_what_explain_says() {
    for doc in judge::docs() {
        let name = doc.kind.name();
        let path = root().join(format!("docs/findings/{name}.md"));
        let page = page_of(name);
        if std::env::var_os("ESAUDIT_UPDATE_README").is_some() {
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &page).unwrap();
        }
        let stands = fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            stands, page,
            "{name}: renew it with ESAUDIT_UPDATE_README=1 cargo test --test integration manual::"
        );
    }
}
