//! `esaudit export`: what stands in the Parquet files is what the report says.
#![cfg(feature = "parquet")]

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use esaudit::internals::data::report_tables::{FINDINGS, INPUTS, NEW_PLACES, POWERFUL};
use esaudit::internals::data::tables::{ATTEMPTS, CHANGES, DataKind, DataTable, Division, REASONS};
use esaudit::internals::model::Report;
use esaudit::internals::time::Millis;
use parquet::basic::{ConvertedType, Type};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::{Field, Row};
use serde_json::{Value, json};

use test_support::line::{Line, asked, failed};
use test_support::{Inputs, Shared, esaudit, generate, python, report};

/// Every table.
const TABLES: [&DataTable; 7] = [&ATTEMPTS, &CHANGES, &REASONS, &FINDINGS, &NEW_PLACES, &POWERFUL, &INPUTS];

/// Exports and gives the folder; the run must be a clean success.
pub(crate) fn export(paths: &[&str], options: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let output = esaudit(&[&["export", "--parquet", folder.path().to_str().unwrap()], options, paths].concat());
    assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{output:?}");
    folder
}

/// The files below a folder, by path.
pub(crate) fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(
                self::files(&path)
                    .into_iter()
                    .map(|(name, bytes)| (Path::new(path.file_name().unwrap()).join(name), bytes)),
            );
        } else {
            files.insert(path.file_name().unwrap().into(), fs::read(&path).unwrap());
        }
    }
    files
}

fn readers(folder: &Path, table: &str) -> Vec<(String, SerializedFileReader<File>)> {
    let names = files(&folder.join(table)).into_keys();
    names
        .map(|name| {
            let file = File::open(folder.join(table).join(&name)).unwrap();
            (name.to_str().unwrap().to_owned(), SerializedFileReader::new(file).unwrap())
        })
        .collect()
}

/// A row as JSON; times in milliseconds.
pub(crate) fn json_of(row: &Row) -> Value {
    row.get_column_iter().map(|(name, field)| (name.clone(), of_field(field))).collect::<serde_json::Map<_, _>>().into()
}

fn of_field(field: &Field) -> Value {
    match field {
        Field::Null => Value::Null,
        Field::Bool(flag) => json!(flag),
        Field::Int(number) => json!(number),
        Field::Long(number) | Field::TimestampMillis(number) => json!(number),
        Field::Double(number) => json!(number),
        Field::Str(text) => json!(text),
        Field::Group(row) => json_of(row),
        Field::ListInternal(list) => list.elements().iter().map(of_field).collect(),
        other => panic!("{other:?}"),
    }
}

fn rows_of(reader: &SerializedFileReader<File>) -> Vec<Value> {
    reader.get_row_iter(None).unwrap().map(|row| json_of(&row.unwrap())).collect()
}

fn rows(folder: &Path, table: &str) -> Vec<Value> {
    readers(folder, table).iter().flat_map(|(_, reader)| rows_of(reader)).collect()
}

/// Rows by some columns, counted.
fn counted(rows: &[Value], columns: &[&str]) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for row in rows {
        let key: Vec<&Value> = columns.iter().map(|&column| &row[column]).collect();
        *counts.entry(json!(key).to_string()).or_default() += 1;
    }
    counts
}

/// The report's failures by principal, chain and reason.
fn groups(report: &Report) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for group in report.groups.iter() {
        let key = json!([group.principal, group.realm_chain, group.reason]).to_string();
        *counts.entry(key).or_default() += group.count;
    }
    counts
}

/// Every kind of incident, around a midnight; what is exported of it, and the report.
struct Generated {
    inputs: Inputs,
    folder: tempfile::TempDir,
    report: Report,
}

impl Generated {
    fn path(&self) -> &str {
        self.inputs.path().to_str().unwrap()
    }
}

fn generated() -> Arc<Generated> {
    static SHARED: Shared<Generated> = Shared::new();
    SHARED.get(|| {
        let options = "--seed 9 --start 2026-03-01T20:00:00Z --days 0.4 --rate 0.008 --server-log --plant all:edge";
        let (inputs, _) = generate(&options.split(' ').collect::<Vec<_>>());
        let path = inputs.path().to_str().unwrap();
        let (folder, report) = (export(&[path], &[]), report(&[path], &[]));
        Generated { inputs, folder, report }
    })
}

#[test]
fn pseudonyms_leave_no_name_in_any_table() {
    let generated = generated();
    let key = tempfile::NamedTempFile::new().unwrap();
    fs::write(key.path(), "correct horse battery staple").unwrap();
    let hidden = export(&[generated.path()], &["--pseudonymize", key.path().to_str().unwrap()]);
    let text = |folder: &Path| -> String {
        TABLES.iter().flat_map(|table| rows(folder, table.name)).map(|row| format!("{row}\n")).collect()
    };
    let (said, told) = (text(generated.folder.path()), text(hidden.path()));
    assert_eq!(said.lines().count(), told.lines().count());
    let names = [
        "principal",
        "source",
        "forwarded_for",
        "actor",
        "run_by",
        "target",
        "name",
        "owner",
        "api_key",
        "api_key_name",
    ];
    let mut originals = std::collections::BTreeSet::new();
    for row in said.lines() {
        let row: Value = serde_json::from_str(row).unwrap();
        originals.extend(names.iter().filter_map(|name| Some(row[name].as_str()?.to_owned())));
    }
    assert!(originals.len() > 50, "{}", originals.len());
    let texts: std::collections::HashSet<&str> = told.split('"').collect();
    let left: Vec<_> = originals.iter().filter(|name| texts.contains(name.as_str())).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn rows_are_the_groups_of_the_report() {
    let generated = generated();
    let Generated { folder, report, .. } = generated.as_ref();
    let attempts = rows(folder.path(), "attempts");
    assert!(attempts.len() > 100, "{}", attempts.len());
    assert_eq!(counted(&attempts, &["principal", "realm_chain", "reason"]), groups(report));
    assert_eq!(rows(folder.path(), "changes").len(), report.security_changes.len());
    // Refusals of keys, whether a line of the server log tells them or other events.
    let reasons = rows(folder.path(), "reasons");
    let keys: Vec<Value> = reasons.into_iter().filter(|row| row["about"] == "api_key").collect();
    let failing = report.api_keys.failing.iter();
    let failing: BTreeMap<String, u64> =
        failing.map(|key| (json!([key.id, key.reason]).to_string(), key.count)).collect();
    assert!(!failing.is_empty());
    assert_eq!(counted(&keys, &["api_key", "reason"]), failing);
}

#[test]
fn days_types_and_compression() {
    let generated = generated();
    let folder = &generated.folder;
    for table in TABLES {
        let readers = readers(folder.path(), table.name);
        assert!(!readers.is_empty(), "{}", table.name);
        for (name, reader) in &readers {
            let metadata = reader.metadata();
            let schema = metadata.file_metadata().schema_descr();
            let day = name.strip_prefix("day=").and_then(|day| day.strip_suffix("/part-0.parquet"));
            assert_eq!(day.is_some(), table.division == Division::Days, "{name}");
            let first = table.columns[0].name;
            let keys: Vec<Value> = rows_of(reader).into_iter().map(|mut row| row[first].take()).collect();
            let in_order = |a: &Value, b: &Value| match (a.as_i64(), b.as_i64()) {
                (Some(a), Some(b)) => a <= b,
                _ => b.is_null() || a.as_str() <= b.as_str(),
            };
            assert!(keys.is_sorted_by(in_order), "{}", table.name);
            for time in day.into_iter().flat_map(|_| &keys) {
                let time = Millis(time.as_i64().unwrap()).rfc3339();
                assert!(day.is_some_and(|day| time.starts_with(day)), "{time} in {name}");
            }
            for group in metadata.row_groups() {
                let sorted = group.sorting_columns().map(|columns| (columns.len(), columns[0].column_idx));
                assert_eq!(sorted, Some((1, 0)), "{}", table.name);
            }
            for (column, known) in schema.columns().iter().zip(table.columns) {
                let (physical, converted) = match known.kind {
                    DataKind::Time => (Type::INT64, ConvertedType::TIMESTAMP_MILLIS),
                    DataKind::Text | DataKind::Texts => (Type::BYTE_ARRAY, ConvertedType::UTF8),
                    DataKind::Count => (Type::INT64, ConvertedType::NONE),
                    DataKind::Small | DataKind::Smalls => (Type::INT32, ConvertedType::NONE),
                    DataKind::Share => (Type::DOUBLE, ConvertedType::NONE),
                    DataKind::Flag => (Type::BOOLEAN, ConvertedType::NONE),
                };
                assert_eq!(column.path().parts()[0], known.name);
                assert_eq!((column.physical_type(), column.converted_type()), (physical, converted), "{}", known.name);
            }
            for chunk in metadata.row_groups().iter().flat_map(|group| group.columns()) {
                assert!(format!("{:?}", chunk.compression()).starts_with("ZSTD"));
            }
        }
    }
    assert!(readers(folder.path(), "attempts").len() >= 2);
}

/// A chain that is not logged, one in which no realm was asked, and one of two.
#[test]
fn unknown_chains_are_null_and_chains_of_nobody_empty() {
    let anonymous = Line::on("n1", 3, "anonymous_access_denied").from("10.0.0.2:1").request("r4").end();
    let unlogged = Line::on("n2", 4, "authentication_failed").user("lee").from("10.0.0.3:1").request("r5").end();
    let lines = [asked(0, "r1", "file"), asked(1, "r1", "native"), failed(2, "r1"), anonymous, unlogged];
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let folder = export(&[inputs.path().to_str().unwrap()], &[]);
    let rows = rows(folder.path(), "attempts");
    let chains: Vec<&Value> = rows.iter().map(|row| &row["realm_chain"]).collect();
    assert_eq!(chains, [&json!(["file", "native"]), &json!([]), &Value::Null]);
    assert_eq!(rows[0]["evidence_line"], 3);
    assert_eq!(rows[0]["evidence_path"], inputs.path().join("a.json").to_str().unwrap());
    assert_eq!((&rows[0]["source"], &rows[0]["principal"]), (&json!("10.0.0.1"), &json!("kim")));
    assert_eq!(rows[1]["principal"], Value::Null);
}

#[test]
fn the_same_bytes_whatever_the_threads() {
    let generated = generated();
    let path = generated.path();
    let one = export(&[path], &["--threads", "1"]);
    let other = export(&[path], &["--threads", "3", "--chunk-size", "10000"]);
    assert!(files(one.path()) == files(other.path()));
}

#[test]
fn filters_leave_rows_out() {
    let path = "testdata/incident";
    for filter in [["--principal", "rosa.moreau1"], ["--reason", "api_key_expired"], ["--since", "2026-03-01T12:00"]] {
        let folder = export(&[path], &filter);
        let report = report(&[path], &filter);
        let attempts = rows(folder.path(), "attempts");
        assert_eq!(counted(&attempts, &["principal", "realm_chain", "reason"]), groups(&report), "{filter:?}");
        assert_eq!(rows(folder.path(), "changes").len(), report.security_changes.len(), "{filter:?}");
        let reasons = rows(folder.path(), "reasons");
        assert!(!reasons.is_empty());
        let key = |row: &Value| format!("{} {}", row["attempt_path"], row["attempt_line"]);
        let known: Vec<String> =
            attempts.iter().map(|row| format!("{} {}", row["evidence_path"], row["evidence_line"])).collect();
        let matched = reasons.iter().filter(|row| !row["attempt_line"].is_null());
        assert!(matched.clone().all(|row| known.contains(&key(row))), "{filter:?}");
    }
}

#[test]
fn nothing_is_written_over_and_nothing_half() {
    let inputs = Inputs::of(&[("a.json", &[failed(0, "r1")])]);
    let path = inputs.path().to_str().unwrap();
    let folder = export(&[path], &[]);
    let before = files(folder.path());
    let again = esaudit(&["export", path, "--parquet", folder.path().to_str().unwrap()]);
    assert_eq!(again.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&again.stderr).contains("not empty"), "{again:?}");
    assert!(files(folder.path()) == before);
    // A table without rows has its columns all the same.
    assert!(rows(folder.path(), "changes").is_empty());
    assert_eq!(readers(folder.path(), "changes").len(), 1);
    let incomplete = folder.path().join("x/y");
    let output = esaudit(&["export", path, "nosuchfile", "--parquet", incomplete.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("nosuchfile"), "{output:?}");
    assert_eq!(rows(&incomplete, "attempts").len(), 1);
    assert_eq!(esaudit(&["export", path]).status.code(), Some(64));
}

#[test]
fn pseudonyms_replace_names_in_every_table() {
    let key = tempfile::NamedTempFile::new().unwrap();
    fs::write(key.path(), "a key that nobody will ever guess").unwrap();
    let plain = export(&["testdata/incident"], &[]);
    let folder = export(&["testdata/incident"], &["--pseudonymize", key.path().to_str().unwrap()]);
    for table in TABLES {
        let text = |folder: &Path| Value::from(rows(folder, table.name)).to_string();
        let named =
            |text: &str| ["root.admin", "198.18.", "10.40.", "rosa", "billing-"].map(|name| text.contains(name));
        let has_names = table != &INPUTS;
        assert_eq!(named(&text(plain.path())).contains(&true), has_names, "{}", table.name);
        assert_eq!(named(&text(folder.path())), [false; 5], "{}", table.name);
    }
}

/// More rows than a row group holds.
#[test]
fn row_groups_are_bounded() {
    let lines: Vec<String> = (0..70_000).map(|at| failed(at, &format!("r{at}"))).collect();
    let inputs = Inputs::of(&[("a.json", &lines)]);
    let folder = export(&[inputs.path().to_str().unwrap()], &[]);
    let readers = readers(folder.path(), "attempts");
    let groups = readers[0].1.metadata().row_groups();
    assert!(groups.len() > 1 && groups.iter().all(|group| group.num_rows() <= 1 << 16));
    assert_eq!(groups.iter().map(|group| group.num_rows()).sum::<i64>(), 70_000);
}

/// What the report tells beside attempts and changes.
#[test]
fn tables_of_the_report_are_its_lists() {
    let generated = generated();
    let Generated { folder, report, .. } = generated.as_ref();
    let column = |table: &str, name: &str| -> Vec<Value> {
        let mut values: Vec<Value> = rows(folder.path(), table).into_iter().map(|mut row| row[name].take()).collect();
        values.sort_by_key(Value::to_string);
        values
    };
    let sorted = |mut values: Vec<Value>| {
        values.sort_by_key(Value::to_string);
        values
    };
    assert!(report.findings.len() > 10);
    for (name, values) in [
        ("finding", report.findings.iter().map(|finding| json!(finding.id)).collect::<Vec<_>>()),
        ("title", report.findings.iter().map(|finding| json!(finding.title.plain())).collect()),
        ("principals", report.findings.iter().map(|finding| json!(finding.principals)).collect()),
        ("failures", report.findings.iter().map(|finding| json!(finding.failures)).collect()),
    ] {
        assert_eq!(column("findings", name), sorted(values), "{name}");
    }
    assert!(!report.new_places.is_empty());
    assert_eq!(rows(folder.path(), "new_places").len() as u64, report.new_places_total);
    let names = report.coverage.inputs.iter().map(|input| json!(input.path)).collect();
    assert_eq!(column("inputs", "path"), sorted(names));
    let lines: u64 = column("inputs", "lines").iter().filter_map(Value::as_u64).sum();
    assert_eq!(lines, report.coverage.lines);
    let events = esaudit(&["events", generated.path(), "--quiet", "--kind", "powerful"]).stdout;
    assert_eq!(rows(folder.path(), "powerful").len(), events.iter().filter(|byte| **byte == b'\n').count());
    assert!(!events.is_empty());
}

/// The tables of the incident and those of one line, which have no rows.
pub(crate) struct Exported {
    full: tempfile::TempDir,
    bare: tempfile::TempDir,
}

impl Exported {
    pub(crate) fn new() -> Self {
        let inputs = Inputs::of(&[("a.json", &[failed(0, "r1")])]);
        let bare = export(&[inputs.path().to_str().unwrap()], &[]);
        Self { full: export(&["testdata/incident"], &[]), bare }
    }

    fn tables(&self) -> impl Iterator<Item = (&Path, &'static DataTable)> {
        [self.full.path(), self.bare.path()].into_iter().flat_map(|folder| TABLES.map(|table| (folder, table)))
    }

    /// The folder of each table.
    pub(crate) fn folders(&self) -> Vec<String> {
        self.tables().map(|(folder, table)| folder.join(table.name).to_str().unwrap().to_owned()).collect()
    }

    fn counts(&self) -> Vec<usize> {
        self.tables().map(|(folder, table)| rows(folder, table.name).len()).collect()
    }

    /// What a reader has to find in the folders: columns, with those of a division, and the number of rows.
    pub(crate) fn columns_and_counts(&self) -> Vec<(Vec<&'static str>, usize)> {
        let columns = self.tables().map(|(_, table)| {
            let day = (table.division == Division::Days).then_some("day");
            table.columns.iter().map(|column| column.name).chain(day).collect()
        });
        columns.zip(self.counts()).collect()
    }
}

/// Each library reads every table, and finds in it as many rows as the report counts; a table without rows, too.
#[test]
fn every_library_reads_every_table() {
    const READERS: [(&str, &str); 5] = [
        ("duckdb", "duckdb.sql(f\"SELECT count(*) FROM '{folder}/**/*.parquet'\").fetchall()[0][0]"),
        ("pyarrow.dataset", "pyarrow.dataset.dataset(folder, partitioning='hive').to_table().num_rows"),
        ("pandas", "len(pandas.read_parquet(folder))"),
        ("polars", "polars.scan_parquet(folder + '/**/*.parquet', hive_partitioning=True).collect().height"),
        ("chdb", "int(str(chdb.query(f\"SELECT count() FROM file('{folder}/**/*.parquet')\")).strip())"),
    ];
    let exported = Exported::new();
    let (folders, expected) = (exported.folders(), exported.counts());
    let folders: Vec<&str> = folders.iter().map(String::as_str).collect();
    for (module, count) in READERS {
        let Some(python) = python::with(module) else { continue };
        let program = format!("import sys, json, {module}\nprint(json.dumps([{count} for folder in sys.argv[1:]]))");
        let read: Value = serde_json::from_str(&python::run(&python, &program, &folders)).unwrap();
        assert_eq!(read, json!(expected), "{module}");
    }
}

const COUNT: &str = r#"
import duckdb, json, sys
rows = duckdb.sql(f"""SELECT principal, realm_chain, reason, count(*) FROM '{sys.argv[1]}/attempts/*/*.parquet'
                      GROUP BY ALL""").fetchall()
days = duckdb.sql(f"""SELECT count(*) FROM '{sys.argv[1]}/attempts/*/*.parquet'
                      WHERE day <> CAST(time AT TIME ZONE 'UTC' AS DATE)""").fetchall()
print(json.dumps([rows, days]))
"#;

#[test]
fn duckdb_counts_what_the_report_does() {
    let Some(python) = python::with("duckdb") else { return };
    let generated = generated();
    let Generated { folder, report, .. } = generated.as_ref();
    let read: Value = serde_json::from_str(&python::run(&python, COUNT, &[folder.path().to_str().unwrap()])).unwrap();
    let counts: BTreeMap<String, u64> = read[0]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (json!([row[0], row[1], row[2]]).to_string(), row[3].as_u64().unwrap()))
        .collect();
    assert_eq!(counts, groups(report));
    assert_eq!(read[1], json!([[0]]));
}

/// What was exported is read back: attempts with their chains, changes with their actors; reasons rest on other lines.
#[test]
fn an_export_is_an_input() {
    let what = |report: &Value| {
        let groups = report["groups"].as_array().unwrap().iter();
        let groups: BTreeMap<String, u64> = groups.fold(BTreeMap::new(), |mut sums, group| {
            let key = format!("{} {} {}", group["principal"], group["realm_chain"], group["sources"][0]["address"]);
            *sums.entry(key).or_default() += group["count"].as_u64().unwrap();
            sums
        });
        let changes = report["security_changes"].as_array().unwrap().iter();
        let changes: Vec<String> = changes
            .map(|change| {
                let member = |name: &str| change[name].to_string();
                ["time", "action", "actor", "source", "ids", "name", "node"].map(member).join(" ")
            })
            .collect();
        (groups, changes)
    };
    let (inputs, _) = generate(&["--seed", "5", "--nodes", "2", "--days", "0.02", "--rate", "0.5", "--plant", "all"]);
    let logs = inputs.path().join("logs");
    let folder = export(&[logs.to_str().unwrap()], &[]);
    let read = |path: &Path| {
        serde_json::to_value(report(&[path.to_str().unwrap()], &["--by", "principal,realm-chain,source"])).unwrap()
    };
    let (written, again) = (read(&logs), read(folder.path()));
    assert_eq!(again["coverage"]["problems"], json!([]));
    assert_eq!(what(&again), what(&written));
    assert!(!what(&again).1.is_empty());
    // Damage is told, wherever it is.
    let (name, bytes) =
        files(&folder.path().join("attempts")).into_iter().max_by_key(|(_, bytes)| bytes.len()).unwrap();
    for at in [6, bytes.len() / 2, bytes.len() - 9] {
        let mut damaged = bytes.clone();
        damaged[at] ^= 0x55;
        let mut inputs = Inputs::new();
        inputs.add(name.file_name().unwrap().to_str().unwrap(), &damaged);
        let output = esaudit(&["report", "--quiet", inputs.path().to_str().unwrap()]);
        assert!(matches!(output.status.code(), Some(0 | 2)), "{output:?}");
    }
}
